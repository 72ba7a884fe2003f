"""Sentences about names: what is not known, and what was probably meant."""

from collections.abc import Collection
from difflib import get_close_matches


def shown(value: object) -> str:
    """A value as text; a number too long for Python to write down is not quoted."""
    try:
        return str(value)
    except ValueError:
        return "this number"


def nearest(name: str, names: Collection[str]) -> str | None:
    """The known name that was probably meant."""
    lowered = {known_name.lower(): known_name for known_name in names}
    close = get_close_matches(name.lower().replace("-", "_"), lowered, n=1, cutoff=0.6)
    return lowered[close[0]] if close else None


def known(what: str, name: str, names: Collection[str]) -> str:
    """Say that a name is none of these, and which was probably meant."""
    meant = nearest(name, names)
    hint = f'did you mean "{meant}"?' if meant else f"there are {', '.join(names)}"
    return f'unknown {what} "{name}": {hint}'
