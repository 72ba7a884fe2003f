"""The messaging service of the shop: does what our commands say, and reports back with `message.command_id`.

It acts once per command id, not before `not_before`, not after `expires_at` and not after a `cancel`, and
    never without
consent: what it may not send it reports as dropped (wire.md, command version 1).
"""

from collections.abc import Mapping
from typing import Any

from streams.wire.times import MINUTE, parse_time

from .customer import Customer, Happenings
from .letters import Letters

MAILED = ("email", "push")
"""Channels whose messages travel; `in_app` waits for the next visit, others have nothing to report."""


class Service:
    """Carries out commands for the customers of one shop."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self._cancelled: set[str] = set()

    def carry_out(self, command: Mapping[str, Any], who: Customer, now: int) -> None:
        """Plan what follows from a command.

        Args:
            command: its value on the wire, decoded from JSON.
            who: the customer it is about.
            now: the shop's time.
        """
        if command["id"] in self._seen:
            return
        self._seen.add(command["id"])
        match command["action"]:
            case "send":
                self._accept(command, who, now)
            case "cancel":
                self._cancelled.add(command["cancels"])
            case "hold":
                who.held[command["channel"]] = _moment(command.get("until"))
            case "release":
                who.held.pop(command["channel"], None)
            case _:  # audiences: somebody else's platform, which reports nothing back
                pass

    def _accept(self, command: Mapping[str, Any], who: Customer, now: int) -> None:
        at = max(now, _moment(command.get("not_before")) or now, _moment(command["at"]) or now) + MINUTE
        who.later(at, self._sends_for(who), command)

    def _sends_for(self, who: Customer) -> "_Sender":
        return _Sender(who, self._cancelled)


class _Sender:
    """The action that sends one commanded message, when its moment has come."""

    __slots__ = ("_cancelled", "_who")

    def __init__(self, who: Customer, cancelled: set[str]) -> None:
        self._who, self._cancelled = who, cancelled

    def __call__(self, at: int, command: Mapping[str, Any]) -> Happenings:
        channel, expires_at = command["channel"], _moment(command.get("expires_at"))
        if command["id"] in self._cancelled or (expires_at is not None and at >= expires_at):
            return
        message = _message(command)
        if channel == "in_app":
            self._who.waiting.append((expires_at, message))
        elif channel in MAILED:
            if self._who.consents[channel]:
                yield from Letters(self._who).send(at, (channel, message))
            else:
                yield self._who.tell(
                    channel, f"{channel}.dropped", at, message={**message, "code": "no_consent"}
                )


def _message(command: Mapping[str, Any]) -> dict[str, str]:
    message = {"id": f"svc-{command['id']}"[:128], "command_id": command["id"]}
    if command.get("play"):
        message["campaign"] = command["play"]
    wanted = command.get("message") or {}
    return {**message, "list": wanted["list"]} if "list" in wanted else message


def _moment(text: str | None) -> int | None:
    return None if text is None else parse_time(text)
