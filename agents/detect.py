"""The detect role to Faust: one agent that keeps the topics subscribed, one table that brings the changelog.

Neither does any work. Without an agent the worker has nothing to subscribe to; without a table Faust takes
another assignor, and inputs, control and changelog of a partition would no longer go to one worker
(engine.md 5).
"""

import asyncio
from typing import Any

import faust

from streams.tables import CUSTOMERS
from streams.topics import Catalogue


def add_detect(app: faust.App, catalogue: Catalogue) -> None:
    """Give the app its topics, its agent and its table."""
    partitions = catalogue.control.partitions
    names = [topic.name for topic in catalogue.inputs] + [catalogue.control.name]
    raw = {"key_serializer": "raw", "value_serializer": "raw", "key_type": bytes, "value_type": bytes}
    topic = app.topic(*names, **raw)
    app.Table(CUSTOMERS.name, partitions=partitions, key_type=bytes, value_type=bytes, help=CUSTOMERS.purpose)

    async def detect(stream: Any) -> None:  # noqa: ANN401 - Faust's stream
        """Read events and control; decide who lapses, and what is done about it."""
        stream.channel  # noqa: B018 - touching it subscribes
        await asyncio.Event().wait()

    app.agent(topic, name="holdfast.detect")(detect)
