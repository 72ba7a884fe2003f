"""Places in a TOML text: the reader finds what the standard parser reads, however it is written."""

import tomllib
from collections.abc import Iterator

import pytest

from streams.policy.lines import Places
from streams.policy.problems import Path

TEXT = (
    """\
top = 1
a.b.c = 2                 # dotted
"quoted.key" = "x # no comment"
'single' = 'it"""
    + """''s' }
""".replace("''s' }", "s'")
    + '''\
[table]                   # [not.this]
text = """
[no.table]
key = "no"
"""
literal = \'\'\'
x = [
\'\'\'
list = [ 1, [2, 3],
  "a]", # ]
  { inline = { deep.er = 4 }, other = [ {z = 1} ] },
]
[table.sub."a b"]
x = 1979-05-27T07:32:00Z
[[many]]
x = 1
[[many.inner]]
y = 1
[[many.inner]]
y = 2
[many.inner.sub]
z = 3
[[many]]
[[many.inner]]
y = 4
'''
)


def paths(value: object, path: Path = ()) -> Iterator[Path]:
    """The paths of everything that the standard parser read."""
    if path:
        yield path
    if isinstance(value, dict):
        for name, entry in value.items():
            yield from paths(entry, (*path, name))
    elif isinstance(value, list):
        for number, entry in enumerate(value):
            yield from paths(entry, (*path, number))


def test_everything_that_the_parser_reads_has_a_place_of_its_own_kind() -> None:
    places = Places(TEXT)
    assert set(places._entries) - {()} == set(paths(tomllib.loads(TEXT)))


@pytest.mark.parametrize(
    ("path", "needle"),
    [
        (("a", "b", "c"), "a.b.c"),
        (("quoted.key",), '"quoted.key"'),
        (("table", "list", 1, 1), "3],"),
        (("table", "list", 2), '"a]"'),
        (("table", "list", 3, "inline", "deep", "er"), "deep.er"),
        (("table", "list", 3, "other", 0, "z"), "z = 1"),
        (("table", "sub", "a b"), "[table.sub."),
        (("table", "sub", "a b", "x"), "x = 1979"),
        (("many", 0, "inner", 1, "y"), "y = 2"),
        (("many", 0, "inner", 1, "sub", "z"), "z = 3"),
        (("many", 1, "inner", 0, "y"), "y = 4"),
    ],
)
def test_a_key_is_found_to_the_column(path: Path, needle: str) -> None:
    line, column = Places(TEXT).key(path)
    assert TEXT.split("\n")[line - 1][column - 1 :].startswith(needle)


def test_what_was_left_out_is_found_at_the_table_that_lacks_it() -> None:
    assert Places(TEXT).key(("many", 1, "x")) == Places(TEXT).key(("many", 1))
    assert Places(TEXT).key(("nowhere", "x")) == (1, 1)


@pytest.mark.parametrize(
    "text", ["[", "a = [", "a = {b", "= 3", "[a]]", 'a = "', "a" * 3, "\x00", "a = " + "[" * 9_000]
)
def test_what_is_no_toml_ends_the_reading_and_raises_nothing(text: str) -> None:
    assert Places(text).key(()) == (1, 1)
