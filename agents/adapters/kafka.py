"""How every client of ours reaches Kafka: one place for transport, names and the words of a failure."""

import logging
import ssl
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Final, Protocol, TypeVar

from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    NodeNotReadyError,
    RequestTimedOutError,
    StaleMetadata,
)

from agents.errors import ConfigurationError, HoldfastError
from agents.settings.model import Kafka

from .logs import get_logger
from .refusal import Failed, refusal


class Client(Protocol):
    """What producers, consumers and admin clients of aiokafka have in common."""

    async def start(self) -> None:
        """Connect."""


C = TypeVar("C", bound=Client)

Untyped = Any
"""A client of aiokafka: its classes have no types that strict checks accept."""


def ssl_context(kafka: Kafka) -> ssl.SSLContext | None:
    """The TLS context, ``None`` for plain text; host names are checked, nothing older than TLS 1.2.

    Raises:
        ConfigurationError: a certificate file cannot be used.
    """
    if kafka.security_protocol == "PLAINTEXT":
        return None
    try:
        context = ssl.create_default_context(cafile=str(kafka.ssl_cafile) if kafka.ssl_cafile else None)
        if kafka.ssl_certfile is not None:
            context.load_cert_chain(kafka.ssl_certfile, kafka.ssl_keyfile)
    except OSError as error:  # ssl.SSLError is one
        raise ConfigurationError(
            f"the TLS files of Kafka cannot be used: {error.strerror or error}",
            "look at kafka.ssl_cafile, kafka.ssl_certfile and kafka.ssl_keyfile",
        ) from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def client_options(kafka: Kafka) -> dict[str, Any]:
    """Keyword arguments that each aiokafka client takes: brokers, transport, timeout."""
    options: dict[str, Any] = {
        "bootstrap_servers": kafka.bootstrap,
        "security_protocol": kafka.security_protocol,
        "ssl_context": ssl_context(kafka),
        "request_timeout_ms": kafka.request_timeout,
    }
    if kafka.security_protocol == "SASL_SSL":
        assert kafka.sasl_password is not None  # the settings insist
        options |= {
            "sasl_mechanism": kafka.sasl_mechanism,
            "sasl_plain_username": kafka.sasl_username,
            "sasl_plain_password": kafka.sasl_password.get_secret_value(),
        }
    return options


TOLERATED: Final = 5_000
"""Milliseconds between this machine's clock and the brokers' that are borne (reliability F11)."""

_APPENDED: Final = 1  # the broker's own time, where the topic has message.timestamp.type=LogAppendTime


def ahead_of_the_brokers(answer: Untyped, before: int, after: int) -> int | None:
    """How far this machine's clock is ahead of the brokers' (ms); ``None`` if they did not say their time.

    Args:
        answer: What a producer was told of a record.
        before: When it was handed over, by this machine (ns).
        after: When it was acknowledged.
    """
    if answer.timestamp_type != _APPENDED:
        return None
    return (before + after) // 2_000_000 - int(answer.timestamp)


def warn_of_plain_text(kafka: Kafka) -> None:
    """Say once, at the start of a worker, that anybody on the network can read along."""
    if kafka.allow_plaintext and kafka.security_protocol == "PLAINTEXT":
        get_logger("kafka").warning(
            "Kafka is reached in plain text", way_out="kafka.security_protocol=SASL_SSL"
        )


@asynccontextmanager
async def connected(client: C, end: Callable[[], Awaitable[None]], kafka: Kafka) -> AsyncGenerator[C]:
    """Start a client for the length of a ``with`` block.

    Args:
        client: any client of aiokafka.
        end: its own ``stop`` or ``close``; called however the block ends.
        kafka: what to name in an error.

    Raises:
        InfrastructureError: Kafka cannot be reached, at the start or later; the message says where and why.
        ConfigurationError: the same, and it stays so until a person changes a setting, a password, a
            certificate.
    """
    try:
        with _failed_attempts() as attempts:
            try:
                await client.start()
            except (KafkaError, OSError) as error:
                raise await _refused(kafka, attempts, error) from None
            try:
                yield client
            except _LOST as error:
                raise await _refused(kafka, attempts, error) from None
    finally:
        await end()


_LOST = (KafkaConnectionError, NodeNotReadyError, RequestTimedOutError, StaleMetadata)
"""What a started client raises when it finds no broker to talk to; why, it only logs."""


async def _refused(kafka: Kafka, attempts: Sequence[Failed], error: Exception) -> HoldfastError:
    return await refusal(kafka, ssl_context(kafka), attempts or [Failed(kafka.bootstrap, error)])


_LOG = logging.getLogger("aiokafka")
_ADDRESS, _NODE = 3, 2
"""How many arguments its lines about a failed attempt have: host, port, error; or the broker's id, error."""


@contextmanager
def _failed_attempts() -> Generator[deque[Failed]]:
    """Collect the exceptions that aiokafka logs: a wrong password or an untrusted CA is told nowhere else."""
    attempts: deque[Failed] = deque(maxlen=20)

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            found = record.args
            if isinstance(found, tuple) and found and isinstance(found[-1], BaseException):
                if len(found) == _ADDRESS:
                    attempts.append(Failed(f"{found[0]}:{found[1]}", found[-1]))
                elif len(found) == _NODE:
                    attempts.append(Failed(f"broker {found[0]}", found[-1]))

    listener, level = Listener(logging.WARNING), _LOG.level
    _LOG.addHandler(listener)
    _LOG.setLevel(min(level or logging.WARNING, logging.WARNING))
    try:
        yield attempts
    finally:
        _LOG.removeHandler(listener)
        _LOG.setLevel(level)
