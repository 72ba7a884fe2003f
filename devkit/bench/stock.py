"""The contender: what a user of Faust would write, an agent with a Table, tuned as far as stock allows.

Started by Faust's own command line (`faust -A devkit.bench.stock worker`), its settings in the environment.
For each customer it keeps a little of what Holdfast keeps: how many events, how many delivered emails, and
the last sign of life. Tuned: raw codecs (typed ones cost more), msgspec for the three fields that it needs,
the store in memory, no standby, no web server, large producer batches, the commit interval left long.

It says how far it is and what it has cost (`seen.progress`).
"""

import os
from collections.abc import AsyncIterable
from typing import Any, Final

import faust

from .seen import EMAIL, EVERY, NOBODY_ACTED, TABLE, Seen, app_id, decode, inputs, pack, progress, unpack

PREFIX: Final = os.environ.get("BENCH_PREFIX", "bench")
PARTITIONS: Final = int(os.environ.get("BENCH_PARTITIONS", "4"))

app = faust.App(
    app_id(PREFIX),
    broker=f"kafka://{os.environ.get('BENCH_BOOTSTRAP', '127.0.0.1:9092')}",
    store="memory://",
    topic_partitions=PARTITIONS,
    topic_allow_declare=False,
    topic_disable_leader=True,
    table_standby_replicas=0,
    key_serializer="raw",
    value_serializer="raw",
    consumer_auto_offset_reset="earliest",
    broker_max_poll_records=10_000,
    stream_buffer_maxsize=16_384,
    stream_recovery_delay=0,
    producer_linger=0.005,
    producer_max_batch_size=1_000_000,
    web_enabled=False,
    datadir=os.environ.get("BENCH_FOLDER", "var/bench-stock"),
)
topic = app.topic(
    *inputs(PREFIX), key_type=bytes, value_type=bytes, key_serializer="raw", value_serializer="raw"
)
table = app.Table(TABLE, partitions=PARTITIONS, key_type=bytes, value_type=bytes)
_done = _emails = 0


@app.agent(topic, name="count")  # type: ignore[untyped-decorator] # Faust is untyped
async def count(stream: AsyncIterable[Any]) -> None:
    """Count a customer's events, and keep the last sign of life."""
    global _done, _emails  # noqa: PLW0603 - the whole program is one agent
    async for event in stream.events():  # type: ignore[attr-defined]
        head, stored = decode(event.value), table.get(event.key)
        seen = Seen() if stored is None else unpack(stored)
        seen.events += 1
        delivered = head.type == EMAIL
        seen.emails += delivered
        if head.type not in NOBODY_ACTED:
            seen.last = max(seen.last, head.occurred_at)
        table[event.key] = pack(seen)
        _done += 1
        _emails += delivered


@app.timer(interval=EVERY)  # type: ignore[untyped-decorator] # as above
async def tell() -> None:
    """Tell how far it is."""
    print(progress(_done, _emails), flush=True)
