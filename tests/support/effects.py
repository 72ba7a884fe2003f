"""A signal and a command to begin with; a test changes what it is about."""

from typing import Any

import msgspec

from streams.wire.command import Command, ConsentAt, Message
from streams.wire.signal import Signal
from streams.wire.times import DAY, format_time, parse_time

NOW = parse_time("2026-11-21T10:00:00.000Z")
OWN = {
    "surface": {
        "last_at": format_time(NOW - 24 * DAY),
        "occasions": 14,
        "typical_gap": "6.8d",
        "silent": "24.1d",
        "threshold": "24.0d",
        "threshold_from": "own",
    }
}


def signal(**changes: Any) -> Signal:  # noqa: ANN401 - any field
    opened = Signal(
        id="s",
        seq=7,
        action="opened",
        kind="purchase_stopped",
        channel=None,
        customer_id="c-42",
        episode="e",
        started_at=NOW - 24 * DAY,
        at=NOW,
        stage="cooling",
        historical=False,
        evidence=OWN,
        arm="treat",
        cohort=None,
        policy="p",
    )
    return msgspec.structs.replace(opened, **changes)


def command(**changes: Any) -> Command:  # noqa: ANN401 - any field
    send = Command(
        id="k",
        seq=8,
        action="send",
        channel="email",
        customer_id="c-42",
        signal="s",
        episode="e",
        play="win_back",
        step=1,
        message=Message(
            template="win_back_hello", list="promotions", variables={}, offer=None, personalised=False
        ),
        not_before=NOW,
        expires_at=NOW + 2 * DAY,
        at=NOW,
        consent=ConsentAt("in", NOW - 100 * DAY),
        policy="p",
    )
    return msgspec.structs.replace(send, **changes)
