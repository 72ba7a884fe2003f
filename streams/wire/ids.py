"""Ids as functions of facts: the same facts give the same ids, for ever and on any machine (wire.md, Signal).

Each is BLAKE2b of 128 bits over a JSON array, which begins with what the id names. An array is unambiguous
where texts joined by a separator are not.
"""

from hashlib import blake2b

import msgspec

_BYTES = 16


def _hash(*parts: str | int | None) -> str:
    return blake2b(msgspec.json.encode(parts), digest_size=_BYTES).hexdigest()


def episode_id(
    customer: str, kind: str, channel: str | None, surface: str | None, started_at: int, number: int = 1
) -> str:
    """Name an episode.

    Args:
        customer: the customer.
        kind: the signal's kind.
        channel: where the kind has one.
        surface: ``web`` for web push, else nothing.
        started_at: milliseconds.
        number: counts openings with the same start; it enters from the second on.
    """
    again = (number,) if number > 1 else ()
    return _hash("episode", customer, kind, channel, surface, started_at, *again)


def signal_id(episode: str, action: str) -> str:
    """Name a signal: an episode is opened, closed and retracted at most once each."""
    return _hash("signal", episode, action)


def command_id(
    customer: str,
    episode: str | None,
    play: str | None,
    step: int | None,
    channel: str,
    action: str,
    at: int | None = None,
) -> str:
    """Name a command; its moment `at` (milliseconds) enters only where no episode is the cause."""
    moment = (at,) if episode is None else ()
    return _hash("command", customer, episode, play, step, channel, action, *moment)
