"""How every client of ours reaches Kafka: one place for transport, names and the words of a failure."""

import logging
import ssl
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Protocol, TypeVar

from aiokafka.errors import KafkaError

from agents.errors import ConfigurationError, InfrastructureError
from agents.settings.model import Kafka

from .logs import get_logger


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
        InfrastructureError: Kafka cannot be reached; the message says where and why.
    """
    try:
        with _what_is_only_logged() as said:
            try:
                await client.start()
            except (KafkaError, OSError) as error:
                raise _unreachable(kafka, said[-1] if said else str(error)) from None
        yield client
    finally:
        await end()


def _unreachable(kafka: Kafka, why: str) -> InfrastructureError:
    way_out = "is it running, and is kafka.bootstrap_servers (HOLDFAST_KAFKA__BOOTSTRAP_SERVERS) right?"
    if kafka.security_protocol != "PLAINTEXT":
        way_out += " Do user, password and CA certificate fit?"
    return InfrastructureError(f"cannot reach Kafka at {kafka.bootstrap}: {why}", way_out)


@contextmanager
def _what_is_only_logged() -> Generator[list[str]]:
    """Collect aiokafka's error lines: a wrong password or an untrusted CA is told nowhere else."""
    said: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())

    listener = Listener(logging.ERROR)
    logger = logging.getLogger("aiokafka")
    logger.addHandler(listener)
    try:
        yield said
    finally:
        logger.removeHandler(listener)
