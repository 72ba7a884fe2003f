"""The generated tables of the documentation are those of the code."""

from collections.abc import Callable

import pytest

from tests.support.documents import DOCS, TABLES, generated_region, with_table


@pytest.mark.parametrize(("name", "table"), TABLES.items())
def test_the_page_has_the_table_of_the_code(name: str, table: Callable[[], str]) -> None:
    text = (DOCS / name).read_text(encoding="utf-8")
    renewed = with_table(text, table())
    assert generated_region(text) == generated_region(renewed), "run `python -m tests.support.documents`"
