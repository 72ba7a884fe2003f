"""Reads what is in force from the facts topic: for commands that come later than the fact."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from aiokafka import AIOKafkaConsumer, TopicPartition

from streams.topics import Catalogue
from streams.wire.control import PolicyFact
from streams.wire.facts import Fact, decode_fact
from streams.wire.reject import Rejection

from .adapters.kafka import Untyped, client_options, connected
from .settings import Settings


async def facts_in_force(settings: Settings, catalogue: Catalogue) -> dict[str, Fact]:
    """The newest fact of each key; the topic must exist.

    Raises:
        InfrastructureError: Kafka cannot be reached.
    """
    newest: dict[str, Fact] = {}
    async with _reader(settings) as consumer:
        partition = TopicPartition(catalogue.facts.name, 0)
        consumer.assign([partition])
        end = (await consumer.end_offsets([partition]))[partition]
        await consumer.seek_to_beginning(partition)
        while await consumer.position(partition) < end:
            for records in (await consumer.getmany(timeout_ms=500)).values():
                for record in records:
                    fact = decode_fact(record.key, record.value)
                    if not isinstance(fact, Rejection):
                        newest[record.key.decode()] = fact
    return newest


async def policy_in_force(settings: Settings, catalogue: Catalogue) -> PolicyFact | None:
    """The published policy, ``None`` if there is none: then the built-in one holds."""
    fact = (await facts_in_force(settings, catalogue)).get("policy")
    return fact if isinstance(fact, PolicyFact) else None


@asynccontextmanager
async def _reader(settings: Settings) -> AsyncGenerator[Untyped]:
    consumer = AIOKafkaConsumer(
        **client_options(settings.kafka), enable_auto_commit=False, auto_offset_reset="earliest"
    )
    async with connected(consumer, consumer.stop, settings.kafka):
        yield consumer
