"""A steady load in a process of its own: so many events a second, each occurring as it is sent.

    python -m devkit.bench.steady BOOTSTRAP PREFIX PARTITIONS RATE CUSTOMERS [FIRST]

The usual mix (`load.MIX`), in which an order is answered by a command under `POLICY`; and besides, one event
in a hundred is a visit to a shop, which under `POLICY` is a lapse five seconds later, and one in fifty a
change of consent: a yes, and two seconds later the no of the same customer, which is a signal. It sends until
SIGTERM, and then says how many it sent: a line `sent N`.
"""

import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from streams.topics import catalogue

from .load import MIX, Made, Sender, consent, event, now

EVERY = 0.01
"""Seconds between two portions."""
LINGER_MS = 2
AFTER, GRACE = 5, 1
"""Seconds after a visit to a shop at which its silence is due, and the grace."""
ANSWERS = """
name = "bench"
[cap]
promotional = 1000
promotional_per = "1m"
channel = 1000
channel_per = "1m"
[plays.thanks]
on = "event:order.completed"
goal = "order"
goal_within = "1s"
[[plays.thanks.steps]]
channels = ["in_app"]
template = "thanks"
expires_after = "10s"
"""
"""A policy under which an order is answered by a command at once."""
POLICY = f"""{ANSWERS}
[detect.store_stopped]
rule = "fixed"
after = "{AFTER}s"
grace = "{GRACE}s"
"""
"""The same, and who came to a shop has lapsed seconds later."""
_SHOP, _CONSENT = 0.01, 0.01
_OUT_AFTER = 2_000


class _Out(NamedTuple):
    """A no that is to come: when (ms), and whose."""

    at: int
    who: int


def events(customers: int, first: int, seed: int) -> Iterator[Made]:
    """Make events without end, each at the moment at which it is asked for."""
    random, outs, number = Random(seed), deque[_Out](), 0
    types, weights = list(MIX), [share for _, share in MIX.values()]
    while True:
        number, at, who = number + 1, now(), first + random.randrange(customers)
        id_ = f"{seed}-{number}"
        drawn = random.random()
        if outs and outs[0].at <= at:
            yield consent(outs.popleft().who, at, id_, "email", "out")
        elif drawn < _SHOP:
            yield event("store.visited", who, at, id_)
        elif drawn < _SHOP + _CONSENT:
            outs.append(_Out(at + _OUT_AFTER, who))
            yield consent(who, at, id_, "email", "in")
        else:
            yield event(random.choices(types, weights)[0], who, at, id_)


def main(arguments: list[str]) -> None:
    """Send until told to stop."""
    bootstrap, prefix, partitions, rate, customers, *first = arguments
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    sender = Sender(bootstrap, catalogue(prefix, int(partitions)), LINGER_MS)
    source = events(int(customers), int(first[0]) if first else 0, time.time_ns() % 1_000_000)
    begun, sent = time.monotonic(), 0
    while not stop.is_set():
        due = int((time.monotonic() - begun) * float(rate))
        while sent < due:
            sender.put(next(source))
            sent += 1
        sender.poll()
        stop.wait(EVERY)
    sender.flush()
    print(f"sent {sent}", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
