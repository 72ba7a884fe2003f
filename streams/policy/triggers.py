"""What a play answers, for whom, and what it wants: the words of `on`, `where` and `goal`."""

from typing import Final, NamedTuple, Self

from .names import EVENT_TYPES, EVIDENCE, GOALS, KINDS, SIGNAL_FIELDS
from .words import known, nearest, shown

SOURCES: Final = ("signal", "event", "state")


class Trigger(NamedTuple):
    """`signal:brand_stopped` is ("signal", "brand_stopped")."""

    source: str
    name: str

    @classmethod
    def of(cls, text: str) -> Self:
        """Take the text of `on` apart; one that has no colon has no name."""
        source, _, name = text.partition(":")
        return cls(source, name)


def check_trigger(text: str) -> str:
    """Raise ValueError unless this is a signal that exists, an event type that exists, or a state."""
    source, name = Trigger.of(text)
    if source not in SOURCES or not name:
        if text in KINDS:
            raise ValueError(f'"{text}" is a kind of signal: write "signal:{text}"')
        if text in EVENT_TYPES:
            raise ValueError(f'"{text}" is a type of event: write "event:{text}"')
        raise ValueError(f'"{text}" is nothing to answer: write signal:<kind>, event:<type> or state:<name>')
    if source == "signal" and name not in KINDS:
        raise ValueError(known("kind of signal", name, KINDS))
    if source == "event" and name not in EVENT_TYPES:
        raise ValueError(known("type of event", name, EVENT_TYPES))
    return text


def check_goal(goal: str) -> str:
    """Raise ValueError unless this is a goal or an event type."""
    if goal not in GOALS and goal not in EVENT_TYPES:
        meant = nearest(goal, (*GOALS, *EVENT_TYPES))
        hint = f'did you mean "{meant}"?' if meant else f"there are {', '.join(GOALS)}, and any event type"
        raise ValueError(f'unknown goal "{goal}": {hint}')
    return goal


def never_so(trigger: Trigger, path: str, value: object) -> str | None:
    """Why a signal never has this value at this path of `where`; None if it may."""
    if trigger.source != "signal":
        return None
    field = path.partition(".")[0]
    if field not in SIGNAL_FIELDS:
        return known("field of a signal", field, SIGNAL_FIELDS)
    values = EVIDENCE.get((trigger.name, path))
    if values is not None and value not in values:
        return known(f"value of {path}", shown(value), values)
    return None
