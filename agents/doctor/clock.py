"""What time the brokers say it is: the moment at which they append a record."""

import time

from aiokafka import AIOKafkaProducer

from agents.adapters.kafka import ahead_of_the_brokers, client_options, connected
from agents.settings import Settings
from streams.topics import Catalogue

_KEY = b"clock"  # of no fact; with no value it is gone at the next compaction


async def clock_ahead(settings: Settings, topics: Catalogue) -> int | None:
    """How far this machine's clock is ahead (ms); ``None`` if the brokers do not say what time it is."""
    producer = AIOKafkaProducer(**client_options(settings.kafka), acks="all")
    async with connected(producer, producer.stop, settings.kafka):
        await producer.partitions_for(topics.facts.name)
        before = time.time_ns()
        answer = await producer.send_and_wait(topics.facts.name, None, key=_KEY, partition=0)
        return ahead_of_the_brokers(answer, before, time.time_ns())
