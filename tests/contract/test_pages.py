"""What the pages point to and tell people to type exists: links, `make` targets, commands and options."""

import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from agents.cli import cli

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
COMMANDS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LINK = re.compile(r"\]\(([^)\s]+)\)")
HEADING = re.compile(r"^#+ (.*)$", re.MULTILINE)
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
OURS = re.compile(r"python -m agents +([^`\n#]*)")
MAKE = re.compile(r"(?:^|`)make ([a-z]+)", re.MULTILINE)


def name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as the usual viewers make them."""
    headings = HEADING.findall(FENCE.sub("", page.read_text()))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def dead_links(page: Path) -> Iterator[str]:
    for link in LINK.findall(FENCE.sub("", page.read_text())):
        if "://" in link:
            continue
        file, _, anchor = link.partition("#")
        target = (page.parent / file).resolve() if file else page
        if not target.exists() or ROOT not in target.parents or (anchor and anchor not in anchors(target)):
            yield link


def fault(typed: str) -> str:
    """What is wrong with the words behind `python -m agents`; nothing if all of them exist."""
    command: click.Command = cli
    context = click.Context(cli)
    words = iter(shlex.split(typed))
    for word in words:
        if word.startswith("-"):
            options = {text: option for option in command.params for text in option.opts}
            if word not in options:
                return f"{command.name} has no option {word}"
            if not getattr(options[word], "is_flag", False):
                next(words, None)
        elif isinstance(command, click.Group):
            found = command.get_command(context, word)
            if found is None:
                return f"{command.name} has no command {word}"
            command = found
    return f"{command.name} needs a command" if isinstance(command, click.Group) else ""


def typed_commands(page: Path) -> list[str]:
    return [typed.strip() for typed in OURS.findall(page.read_text().replace("\\\n", " "))]


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_link_of_a_page_leads_somewhere_in_the_project(page: Path) -> None:
    assert list(dead_links(page)) == []


@pytest.mark.parametrize("page", COMMANDS, ids=name)
def test_every_command_that_a_page_shows_exists_with_its_options(page: Path) -> None:
    wrong = {typed: fault(typed) for typed in typed_commands(page) if "NAME=VALUE" not in typed}
    assert {typed: told for typed, told in wrong.items() if told} == {}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_every_target_of_make_that_a_page_shows_exists(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text()
    (targets,) = re.findall(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert set(MAKE.findall(page.read_text())) <= set(targets.split())


def test_the_pages_for_beginners_and_operators_show_commands_at_all() -> None:
    for page in (ROOT / "README.md", ROOT / "docs" / "operating.md"):
        assert len(typed_commands(page)) >= 4, name(page)
    assert "demo" in MAKE.findall((ROOT / "README.md").read_text())


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("worker detect", ""),
        ("policy test FILE --policy brand.toml", ""),
        ("policy", "policy needs a command"),
        ("worker dance", "worker has no command dance"),
        ("replay orders.csv --loudly", "replay has no option --loudly"),
    ],
)
def test_a_command_that_does_not_exist_is_noticed(typed: str, told: str) -> None:
    assert fault(typed) == told


def test_a_link_to_nowhere_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.contract.test_pages.ROOT", tmp_path)
    page = tmp_path / "page.md"
    page.write_text(
        "# A heading\n[a](gone.md) [b](page.md) [c](page.md#a-heading) [d](#none) [e](https://x.example)\n"
    )
    assert list(dead_links(page)) == ["gone.md", "#none"]
