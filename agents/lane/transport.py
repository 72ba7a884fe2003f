"""Faust's transport with our consumer and producer in it: class attributes are its extension point."""

from typing import Any, ClassVar

from faust.transport.drivers import aiokafka as driver

from .consumer import LaneConsumer


class LaneProducer(driver.Producer):
    """The producer: idempotent, since the contiguity of offsets rests on it."""

    def _settings_extra(self) -> dict[str, Any]:
        return {"acks": "all", "enable_idempotence": True}


class LaneTransport(driver.Transport):
    """The aiokafka transport of the batch lane."""

    Consumer: ClassVar[type[LaneConsumer]] = LaneConsumer
    Producer: ClassVar[type[LaneProducer]] = LaneProducer
