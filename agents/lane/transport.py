"""Faust's transport with our consumer and producer in it: class attributes are its extension point."""

from typing import Any, ClassVar, Final

from faust.transport.drivers import aiokafka as driver

from .consumer import LaneConsumer

OUTAGE_BORNE: Final = 600
"""Seconds that a batch waits for brokers which do not answer; then the process ends (70)."""


class LaneProducer(driver.Producer):
    """The producer: idempotent, since the contiguity of offsets rests on it, and patient.

    aiokafka gives a batch up after the time that one request may take, 40 s; an outage of the brokers is to
    be waited out. Where they answer and a batch does not leave, the watchdog sees it.
    """

    def _new_producer(self, transactional_id: str | None = None) -> Any:
        producer = super()._new_producer(transactional_id)
        producer._request_timeout_ms = OUTAGE_BORNE * 1000
        producer._message_accumulator._batch_ttl = OUTAGE_BORNE
        return producer

    def _settings_extra(self) -> dict[str, Any]:
        return {"acks": "all", "enable_idempotence": True}


class LaneTransport(driver.Transport):
    """The aiokafka transport of the batch lane."""

    Consumer: ClassVar[type[LaneConsumer]] = LaneConsumer
    Producer: ClassVar[type[LaneProducer]] = LaneProducer
