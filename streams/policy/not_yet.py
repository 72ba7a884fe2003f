"""Names that a policy may hold and that nothing acts on yet. Whoever builds one deletes it here.

Two lists, by what silence about it would do. `REFUSED`: the brand would at once get other behaviour than it
asked for, so a policy with such a value is an error. `UNUSED`: a number for something that is not done yet at
all; a value other than the default is kept, and a warning says that it changes nothing.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from .catalogue import ANY
from .problems import Finding, Path


class Refused(NamedTuple):
    """A value that is refused, where it would change what happens."""

    path: tuple[str, ...]
    wanted: Callable[[Any], bool]
    message: str


def _is_state(trigger: Any) -> bool:  # noqa: ANN401 - what a file holds
    return isinstance(trigger, str) and trigger.startswith("state:")


REFUSED: Final = (
    Refused(
        ("channels", ANY, "quiet_hours"), bool, "quiet hours are not built yet: messages would go out in them"
    ),
    Refused(
        ("plays", ANY, "changed_policy"),
        lambda choice: choice == "stop",
        'stopping plays under way is not built yet: only "finish" is understood',
    ),
    Refused(
        ("plays", ANY, "steps", ANY, "if"),
        lambda condition: condition in ("goal", "return"),
        "steps after a success are not built yet: goal and return end the play, so it would never come",
    ),
    Refused(
        ("plays", ANY, "on"), _is_state, "plays on a state are not built yet: this one would never start"
    ),
)

UNUSED: Final = (
    ("dialback",),
    ("followup",),
    ("fallback",),
    ("receptivity",),
    ("interest",),
    ("crosspromo",),
    ("store",),
    ("sunset",),
    ("prime",),
    ("pitch",),
    ("repermission",),
    ("incentive",),
    ("email",),
    ("uninstall", "recent"),
    ("letgo",),
    ("chance",),
    ("learn",),
    ("consent",),
)
"""Tables and names, without those under them that are acted on."""


def refused(given: Mapping[str, Any]) -> Iterator[Finding]:
    """The values of a document, right or wrong otherwise, that are refused."""
    for entry in REFUSED:
        for path, value in _values(given, entry.path, ()):
            if entry.wanted(value):
                yield Finding(path, entry.message)


def unused(
    given: Mapping[str, Any], resolved: Mapping[str, Any], default: Mapping[str, Any]
) -> Iterator[Finding]:
    """The values of a document that is right otherwise, and that change nothing.

    Args:
        given: The document as it was written.
        resolved: The same with every name.
        default: A document that leaves all to the defaults, with every name.
    """
    for start in UNUSED:
        for path, _ in _values(given, start, ()):
            yield from _changed(path, _at(given, path), _at(resolved, path), _at(default, path))


def _changed(path: Path, given: Any, resolved: Any, default: Any) -> Iterator[Finding]:  # noqa: ANN401 - values
    if isinstance(given, Mapping):
        for name in given:
            yield from _changed((*path, name), given[name], resolved[name], default[name])
    elif resolved != default:
        yield Finding(path, "accepted, not acted on yet: it changes nothing", "warning", "key")


def _values(given: Any, path: tuple[str, ...], done: Path) -> Iterator[tuple[Path, Any]]:  # noqa: ANN401 - values
    """What stands at a path, for each name that a `*` in it may be."""
    if not path:
        yield done, given
    elif isinstance(given, list | tuple):
        for number, entry in enumerate(given) if path[0] == ANY else ():
            yield from _values(entry, path[1:], (*done, number))
    elif isinstance(given, Mapping):
        for name in given if path[0] == ANY else (path[0],):
            if name in given:
                yield from _values(given[name], path[1:], (*done, name))


def _at(document: Any, path: Path) -> Any:  # noqa: ANN401 - values
    for part in path:
        document = document[part]
    return document
