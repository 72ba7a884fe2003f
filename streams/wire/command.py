"""The campaign command, version 1: what a messaging service is to do (wire.md, Command)."""

from typing import Any, Final

import msgspec
from msgspec import Struct

from .event import TextTime
from .form import Form
from .reject import Reason, Rejection
from .times import format_time, parse_time

ACTIONS: Final = ("send", "cancel", "hold", "release", "audience_add", "audience_remove")


class PromisedOffer(Struct, kw_only=True):
    """An offer that a message may name."""

    id: str
    kind: str
    variables: dict[str, Any]


Offers = list[PromisedOffer]


class Message(Struct, kw_only=True):
    """What to send; ``list`` is the kind of message for the preference centre, ``offer`` null or a list."""

    template: str
    list: str
    variables: dict[str, Any]
    offer: Offers | None
    personalised: bool


class ConsentAt(Struct):
    """The consent on which a command rests, and since when it holds (milliseconds, null if not known)."""

    state: str
    since: TextTime | None


class Command(Struct, kw_only=True):
    """One command to one channel.

    Its order of fields is the order on the wire. Times are milliseconds.
    ``surface`` (which push), ``message``, ``cancels``, ``audience`` and ``until`` are left out where
    the action has none.
    """

    v: int = 1
    id: str
    seq: int
    action: str
    channel: str
    surface: str | None = None
    customer_id: str
    signal: str | None
    episode: str | None
    play: str | None
    step: int | None
    message: Message | None = None
    cancels: str | None = None
    audience: str | None = None
    until: TextTime | None = None
    not_before: TextTime | None = None
    expires_at: TextTime | None = None
    at: TextTime
    consent: ConsentAt | None = None
    policy: str


FORM: Final = Form(
    Command,
    times=("until", "not_before", "expires_at", "at"),
    omitted=("surface", "message", "cancels", "audience", "until", "not_before", "expires_at", "consent"),
)


def encode_command(command: Command) -> bytes:
    """Write a command: the same command gives the same bytes."""
    body = FORM.body(command)
    if command.action == "hold":
        body = _with_until(body)
    consent = command.consent
    if consent is not None:
        since = None if consent.since is None else format_time(consent.since)
        body["consent"] = {"state": consent.state, "since": since}
    return msgspec.json.encode(body)


def _with_until(body: dict[str, Any]) -> dict[str, Any]:
    """Write a hold without an end as null: it does not end by itself, which is worth saying."""
    if "until" in body:
        return body
    names = list(body)
    place = names.index("at")
    return {name: body.get(name) for name in (*names[:place], "until", *names[place:])}


def decode_command(value: bytes | None) -> Command | Rejection:
    """Read a command; never raises."""
    command = FORM.decode(value)
    if isinstance(command, Rejection) or command.consent is None or command.consent.since is None:
        return command
    text: Any = command.consent.since  # text until here (times.Moment)
    try:
        command.consent.since = parse_time(text)
    except ValueError:
        return Rejection(Reason.TIME, "$.consent.since")
    return command
