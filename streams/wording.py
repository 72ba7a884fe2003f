"""Signals and commands as one plain sentence each: for the demo, the console and whoever asks why.

A sentence is a function of the signal or command alone, so it says the same wherever it is read. It never
fails: evidence that is missing or has another form than expected leaves its part of the sentence out.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from .wire.command import Command
from .wire.signal import Signal
from .wire.times import format_days, format_time, parse_time

Evidence = Mapping[str, Any]


class _Silence(NamedTuple):
    """How a silence is told: what was not done, what is done again, what occasions are called."""

    verb: str
    again: str
    after_all: str
    one: str
    many: str


_SILENCES: Final[Mapping[str, _Silence]] = {
    "purchase_stopped": _Silence("has not bought", "bought again", "had bought", "purchase", "purchases"),
    "app_stopped": _Silence(
        "has not opened the app", "opened the app again", "had opened the app", "visit", "visits"
    ),
    "web_stopped": _Silence(
        "has not visited the site", "visited the site again", "had been there", "visit", "visits"
    ),
    "store_stopped": _Silence(
        "has not been to a store", "came to a store again", "had been there", "visit", "visits"
    ),
    "brand_stopped": _Silence(
        "has not been seen anywhere", "is back", "had been there", "active day", "active days"
    ),
}

_CHANNELS: Final = {"in_app": "in-app message", "ads": "ad", "audience": "audience"}

_CLOSINGS: Final[Mapping[str, str]] = {
    "reconsented": "agreed to {channel} again",
    "resubscribed": "took the paid plan again",
    "reinstalled": "installed the app again",
    "migrated": "moved to another surface, so {kind} is no lapse",
    "superseded": "shows a stronger sign of lapse than {kind}",
    "channel_closed": "has {channel} closed, so {kind} ends",
    "retained": "stayed, so {kind} ends",
    "expired": "was silent for too long to be remembered; {kind} ends",
    "let_go": "was let go: no more messages about {kind}",
    "erased": "was erased; {kind} ends",
    "disabled": "is no longer watched for {kind}: the policy says so",
}


def signal_sentence(signal: Signal) -> str:
    """Say what a signal says, beginning with the customer.

    >>> signal_sentence(signal)
    'c-42 has not bought for 24.1 d; usually every 6.8 d (own rhythm of 14 purchases)'
    """
    past = " (long past when it was found)" if signal.historical else ""
    return f"{signal.customer_id} {_predicate(signal)}{past}"


def command_sentence(command: Command, cause: Signal | None = None) -> str:
    """Say what a command asks for, and why.

    Args:
        command: the command.
        cause: the signal that it names, where the reader has it.
    """
    tell = _COMMANDS.get(command.action)
    if tell is None:
        return f"{command.action} for {command.customer_id} on {command.channel}"
    return tell(command, cause)


def _predicate(signal: Signal) -> str:
    if signal.action == "closed":
        return _closed(signal)
    if signal.action == "retracted":
        return _retracted(signal)
    tell = _OPENINGS.get(signal.kind)
    return tell(signal) if tell else f"shows {_plain(signal.kind)}"


# -- opened


def _silence(signal: Signal) -> str:
    words = _SILENCES[signal.kind]
    found = _part(signal.evidence, "surface")
    silent = _days(found.get("silent")) or _between(signal.started_at, signal.at)
    usual, occasions, origin = (
        _days(found.get("typical_gap")),
        found.get("occasions"),
        found.get("threshold_from"),
    )
    sentence = f"{words.verb} for {silent}"
    if origin == "policy":
        limit = _days(found.get("threshold"))
        return f"{sentence}; the policy allows {limit}" if limit else sentence
    if usual:
        sentence += f"; usually every {usual}"
    if not isinstance(occasions, int):
        return sentence
    known = f"{occasions} {words.one if occasions == 1 else words.many}"
    return (
        f"{sentence} (own rhythm of {known})"
        if origin == "own"
        else f"{sentence} (only {known}: others' rhythm)"
    )


def _push_opted_out(signal: Signal) -> str:
    found, what = signal.evidence, "web push" if signal.surface == "web" else "push"
    since = _moment(found.get("agreed_since"))
    if found.get("timing") == "early":
        if since is None:
            return f"does not want {what}: said no when asked" if _asked(found) else f"does not want {what}"
        return f"turned {what} off {_between(since, signal.at)} after agreeing, before it was of any use"
    return f"turned {what} off{_after(since, signal.at, 'agreeing')}{_delivered(found, 'push', 'pushes')}"


def _email_opted_out(signal: Signal) -> str:
    found = signal.evidence
    how = {"complaint": "marked our email as spam", "blocked": "blocked our email"}
    left = how.get(str(found.get("how")), "left the mailing list")
    since = _moment(found.get("subscribed_since"))
    return f"{left}{_after(since, signal.at, 'subscribing')}{_delivered(found, 'email', 'emails')}"


def _message_disengaged(signal: Signal) -> str:
    return f"has not reacted to {_channel(signal.channel)} since {_date(signal.started_at)}"


def _app_uninstalled(signal: Signal) -> str:
    interval = _part(signal.evidence, "interval")
    first, last = _moment(interval.get("earliest_at")), _moment(interval.get("latest_at"))
    surely = "" if signal.evidence.get("grade") == "hard" else " probably"
    when = f" between {_date(first)} and {_date(last)}" if first is not None and last is not None else ""
    return f"has{surely} removed the app{when}"


_OPENINGS: Final[Mapping[str, Callable[[Signal], str]]] = {
    **dict.fromkeys(_SILENCES, _silence),
    "push_opted_out": _push_opted_out,
    "email_opted_out": _email_opted_out,
    "email_declined": lambda _signal: "said no to email when asked",
    "message_disengaged": _message_disengaged,
    "present_but_deaf": lambda _signal: "still comes by, but reacts to no message",
    "deaf_everywhere": lambda _signal: "no longer reacts on any channel",
    "premium_cancelled": lambda _signal: "cancelled the paid plan",
    "app_uninstalled": _app_uninstalled,
}


# -- closed, retracted


def _closed(signal: Signal) -> str:
    words = _SILENCES.get(signal.kind)
    if signal.reason == "returned" and words is not None:
        return f"{words.again} after {_between(signal.started_at, signal.at)}"
    told = _CLOSINGS.get(signal.reason or "", "no longer shows {kind}")
    return told.format(channel=_channel(signal.channel), kind=_plain(signal.kind))


def _retracted(signal: Signal) -> str:
    words = _SILENCES.get(signal.kind)
    event = _part(signal.evidence, "event")
    when = _moment(event.get("occurred_at"))
    if words is None or when is None:
        return f"never showed {_plain(signal.kind)} after all: taken back"
    return f"{words.after_all} on {_date(when)}, which was learnt late: {_plain(signal.kind)} is taken back"


# -- commands


def _send(command: Command, cause: Signal | None) -> str:
    what = f' "{command.message.template}"' if command.message else ""
    because = f", because they {_they(cause)}" if cause else ""
    to = f"{_channel(command.channel)}{what} to {command.customer_id}"
    return f"{to}{because} ({_step(command)}{_leave(command)})"


def _cancel(command: Command, cause: Signal | None) -> str:
    del cause
    return (
        f"no {_channel(command.channel)} to {command.customer_id} after all: no longer due ({_step(command)})"
    )


def _hold(command: Command, cause: Signal | None) -> str:
    del cause
    until = "until further notice" if command.until is None else f"until {_date(command.until)}"
    return f"no more {_channel(command.channel)} to {command.customer_id} {until}"


def _release(command: Command, cause: Signal | None) -> str:
    del cause
    return f"{_channel(command.channel)} to {command.customer_id} is free again"


def _audience_add(command: Command, cause: Signal | None) -> str:
    because = f", because they {_they(cause)}" if cause else ""
    return f"{command.customer_id} joins the audience {command.audience or 'of this channel'}{because}"


def _audience_remove(command: Command, cause: Signal | None) -> str:
    del cause
    return f"{command.customer_id} leaves the audience {command.audience or 'of this channel'}"


_COMMANDS: Final[Mapping[str, Callable[[Command, Signal | None], str]]] = {
    "send": _send,
    "cancel": _cancel,
    "hold": _hold,
    "release": _release,
    "audience_add": _audience_add,
    "audience_remove": _audience_remove,
}


def _step(command: Command) -> str:
    if command.play is None:
        return "no play"
    return command.play if command.step is None else f"{command.play}, step {command.step}"


def _leave(command: Command) -> str:
    """By whose leave it is sent."""
    consent = command.consent
    if consent is None:
        return ""
    if consent.state != "in":
        return "; needs no consent"
    return "; agreed" if consent.since is None else f"; agreed on {_date(consent.since)}"


_PLURAL: Final = {"has": "have", "is": "are", "does": "do", "shows": "show", "was": "were"}


def _they(cause: Signal) -> str:
    """Say of "them" what a signal says of one customer, without what stands in brackets."""
    verb, _, rest = _predicate(cause).partition(" (")[0].partition(" ")
    return f"{_PLURAL.get(verb, verb)} {rest}"


# -- pieces


def _part(evidence: Evidence, name: str) -> Evidence:
    part = evidence.get(name)
    return part if isinstance(part, dict) else {}


def _days(text: object) -> str:
    """Write ``24.1d`` as ``24.1 d``; anything else is left out."""
    return f"{text[:-1]} d" if isinstance(text, str) and text.endswith("d") and len(text) > 1 else ""


def _between(start: int, end: int) -> str:
    return f"{format_days(max(0, end - start))[:-1]} d"


def _moment(text: object) -> int | None:
    try:
        return parse_time(text) if isinstance(text, str) else None
    except ValueError:
        return None


def _date(moment: int | None) -> str:
    return "" if moment is None else format_time(moment)[:10]


def _after(since: int | None, at: int, deed: str) -> str:
    return "" if since is None else f" {_between(since, at)} after {deed}"


def _delivered(evidence: Evidence, one: str, many: str) -> str:
    count = evidence.get("delivered")
    if not isinstance(count, int) or isinstance(count, bool):
        return ""
    return f" and {count} {one if count == 1 else many}"


def _asked(evidence: Evidence) -> bool:
    return evidence.get("reason") == "asked"


def _channel(channel: str | None) -> str:
    return "any channel" if channel is None else _CHANNELS.get(channel, channel)


def _plain(kind: str) -> str:
    return kind.replace("_", " ")
