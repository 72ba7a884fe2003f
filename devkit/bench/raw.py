"""The limit: aiokafka and msgspec alone, no group, no state; `python -m devkit.bench.raw`.

It reads the same topics with aiokafka's consumer, decodes of each event what stock Faust's contender decodes,
and counts events and delivered emails. No engine in Python on aiokafka can be cheaper than this. Like the
stock contender it says how far it is and what it has cost (`seen.progress`).
"""

import asyncio
import os
import time

from aiokafka import AIOKafkaConsumer, TopicPartition

from .seen import EMAIL, EVERY, decode, inputs, progress


async def _count(bootstrap: str, prefix: str, partitions: int) -> None:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    consumer.assign([TopicPartition(topic, p) for topic in inputs(prefix) for p in range(partitions)])
    events = emails = 0
    told = time.monotonic()
    while True:
        for records in (await consumer.getmany(timeout_ms=200, max_records=10_000)).values():
            events += len(records)
            for record in records:
                emails += decode(record.value).type == EMAIL
        if time.monotonic() - told > EVERY:
            told = time.monotonic()
            print(progress(events, emails), flush=True)


if __name__ == "__main__":
    environ = os.environ
    asyncio.run(_count(environ["BENCH_BOOTSTRAP"], environ["BENCH_PREFIX"], int(environ["BENCH_PARTITIONS"])))
