"""How messaging services answer commands in a scenario: each report so long after the message went out.

A service acts from the later of a command's publication and its ``not_before``, once per id, and not at all
after ``expires_at`` or a cancel.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from streams.wire.times import format_time, parse_time

from .script import Sending, encode_event

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_TOPICS: Final = {"email": "email", "push": "push", "in_app": "app"}


class Services:
    """The services of one scenario: what they have been told to send, and not yet reported."""

    def __init__(self, delays: Mapping[str, Mapping[str, int]]) -> None:
        self._delays = delays
        self._answered: set[str] = set()
        self._waiting: dict[str, list[Sending]] = {}

    def hear(self, command: Mapping[str, Any], published: int) -> None:
        """Take a command that was published at a moment (ms)."""
        if command["action"] == "cancel":
            waiting = self._waiting.get(command["cancels"])
            if waiting is not None:
                waiting[:] = [answer for answer in waiting if answer.at < published]
            return
        id_ = command["id"]
        if command["action"] == "send" and command["channel"] in self._delays and id_ not in self._answered:
            self._answered.add(id_)
            self._waiting[id_] = list(self._answers(command, published))

    def answers(self, before: int) -> list[Sending]:
        """The reports that are made before a moment (ms)."""
        made: list[Sending] = []
        for waiting in self._waiting.values():
            made += [answer for answer in waiting if answer.at < before]
            waiting[:] = [answer for answer in waiting if answer.at >= before]
        self._waiting = {id_: waiting for id_, waiting in self._waiting.items() if waiting}
        return sorted(made, key=lambda answer: answer.at)

    def _answers(self, command: Mapping[str, Any], published: int) -> Iterator[Sending]:
        not_before, expires_at = command.get("not_before"), command.get("expires_at")
        begins = max(published, parse_time(not_before) if not_before else published)
        ends = parse_time(expires_at) if expires_at else None
        for report, delay in self._delays[command["channel"]].items():
            at = begins + delay
            if ends is None or at <= ends:
                yield _answer(command, report, at)


def _answer(command: Mapping[str, Any], report: str, at: int) -> Sending:
    """What the service says of the message of a command."""
    channel, id_ = command["channel"], command["id"]
    event: dict[str, Any] = {
        "v": 1,
        "id": f"{id_}-{report}",
        "source": f"service:{channel}",
        "type": f"{channel}.{report}",
        "customer_id": command["customer_id"],
        "occurred_at": format_time(at),
        "message": {"id": id_, "command_id": id_, "list": command["message"]["list"]},
    }
    if command.get("surface"):
        event["surface"] = command["surface"]
    return Sending(at, _TOPICS[channel], command["customer_id"], encode_event(event))
