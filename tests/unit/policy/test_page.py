"""docs/policy.md says what the code does: every name, and an example that passes the check."""

import re

import pytest

from devkit.policy_page import MARK, PAGE, reference
from streams.policy.catalogue import Name, all_names
from streams.policy.check import check
from streams.policy.tables import Prompts

TEXT = PAGE.read_text(encoding="utf-8")


def test_the_page_is_what_the_model_says() -> None:
    assert TEXT.partition(MARK)[2].strip() == reference().strip(), "run `python -m devkit.policy_page`"


@pytest.mark.parametrize("name", all_names(), ids=lambda name: ".".join(name.path))
def test_every_name_stands_on_the_page_and_has_a_meaning(name: Name) -> None:
    assert f"| `{name.path[-1]}` |" in TEXT
    assert len(name.meaning) > 3 or name.owner is Prompts


def test_the_examples_of_the_page_are_right() -> None:
    examples = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    assert examples
    assert [check(example) for example in examples] == [[]] * len(examples)
