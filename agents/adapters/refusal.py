"""Why Kafka cannot be reached: a sentence and a way out for each reason that a person can tell apart.

aiokafka raises one error for all of them and logs the reason, or part of it. Here the exceptions that it
logged are read. Two things are certain only after a question of our own: a broker that closes the connection
while TLS is set up speaks plain text, or is going down; one that closes it after, wants a password, or is
going down.
"""

import asyncio
import socket
import ssl
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from aiokafka.conn import create_conn
from aiokafka.errors import (
    IllegalSaslStateError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
from aiokafka.protocol.admin import SaslHandShakeRequest

from agents.errors import ConfigurationError, HoldfastError, InfrastructureError
from agents.settings.model import Kafka

_TLS_ALERT: Final = range(0x1500_0000, 0x1600_0000)
"""What the first four bytes of a TLS alert are to somebody who takes them for the length of an answer."""
_EXPIRED, _NOT_YET, _OTHER_HOST, _OTHER_ADDRESS = 10, 9, 62, 64  # OpenSSL's X509_V_ERR_…
_ASK_MS: Final = 5_000
_CLIENT_CERTIFICATE = "kafka.ssl_certfile and kafka.ssl_keyfile"


class Failed(NamedTuple):
    """An attempt to connect: where, and what aiokafka made of it."""

    address: str
    error: BaseException


class Reason(NamedTuple):
    """Why it failed.

    Attributes:
        text: continues "cannot reach Kafka at …: ".
        way_out: what to do about it.
        certain: whether it stays so until a person changes something (64), or may come right alone (70).
    """

    text: str
    way_out: str
    certain: bool = True


async def refusal(kafka: Kafka, tls: ssl.SSLContext | None, attempts: Sequence[Failed]) -> HoldfastError:
    """One error for all attempts; 64 if a person has to change something for one of them to get through.

    Args:
        kafka: How it was tried.
        tls: The context with which it was tried.
        attempts: What failed; the last of each address counts.
    """
    found = {failed.address: await _asked(kafka, tls, failed) for failed in attempts}
    reasons: Sequence[Reason] = list(found.values())
    texts = [f"{address}: {reason.text}" for address, reason in found.items()]
    message = "cannot reach Kafka at " + "\n  nor at ".join(texts or [kafka.bootstrap])
    ways_out = [reason.way_out for reason in reasons if reason.certain] or [
        reason.way_out for reason in reasons
    ]
    error = ConfigurationError if any(reason.certain for reason in reasons) else InfrastructureError
    return error(message, "\n  ".join(dict.fromkeys(ways_out)))


def reason_of(kafka: Kafka, error: BaseException) -> Reason | None:
    """What one failed attempt says for certain; ``None`` if more than one thing explains it."""
    for cause in _causes(error):
        reason = _tls(kafka, cause) or _login(kafka, cause) or _network(kafka, cause)
        if reason is not None:
            return reason
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _tls(kafka: Kafka, error: BaseException) -> Reason | None:
    if isinstance(error, ssl.SSLCertVerificationError):
        return _certificate(error)
    if isinstance(error, ssl.SSLError):
        return _alert(kafka, error.reason or str(error))
    if isinstance(error, asyncio.IncompleteReadError) and error.expected in _TLS_ALERT:
        return Reason(
            "it speaks TLS on this port, and we came in plain text",
            "set kafka.security_protocol to SASL_SSL or SSL",
        )
    return None


def _certificate(error: ssl.SSLCertVerificationError) -> Reason:
    match error.verify_code:
        case code if code == _EXPIRED:
            return Reason(
                "its certificate has expired", "renew the brokers' certificate, or set this machine's clock"
            )
        case code if code == _NOT_YET:
            return Reason("its certificate is not valid yet", "set this machine's clock, or wait")
        case code if code in {_OTHER_HOST, _OTHER_ADDRESS}:
            return Reason(
                f"its certificate is for another host name ({error.verify_message.rstrip('.')})",
                "name the brokers as their certificate does, in kafka.bootstrap_servers and in the brokers' "
                "own advertised.listeners",
            )
    return Reason(
        f"its certificate is not signed by an authority that we trust ({error.verify_message})",
        "kafka.ssl_cafile must hold the certificate of the brokers' authority",
    )


def _alert(kafka: Kafka, said: str) -> Reason:
    if "PROTOCOL_VERSION" in said or "UNSUPPORTED_PROTOCOL" in said:
        return Reason("it speaks no TLS of version 1.2 or newer", "let the brokers speak TLS 1.2 or 1.3")
    if "WRONG_VERSION_NUMBER" in said or "RECORD_LAYER" in said:
        return Reason("it does not speak TLS on this port", _NO_TLS)
    if "ALERT" not in said:
        return Reason(f"TLS failed ({said})", "look at the kafka.ssl_* settings and at the brokers' log")
    if kafka.ssl_certfile is None:
        return Reason("it wants a client certificate", f"set {_CLIENT_CERTIFICATE}")
    return Reason(
        f"it refuses our client certificate ({said.rpartition('ALERT_')[2].replace('_', ' ').lower()})",
        f"{_CLIENT_CERTIFICATE} must name one that the brokers know and that is valid",
    )


_NO_TLS = "kafka.bootstrap_servers must name the brokers' TLS port"


def _login(kafka: Kafka, error: BaseException) -> Reason | None:
    if isinstance(error, SaslAuthenticationFailed):
        return Reason(
            f"it refuses the user {kafka.sasl_username} or the password ({kafka.sasl_mechanism})",
            "set kafka.sasl_username and kafka.sasl_password (HOLDFAST_KAFKA__SASL_PASSWORD or …_FILE); "
            "with SCRAM the user must have been made for this mechanism",
        )
    if isinstance(error, UnsupportedSaslMechanismError):
        return Reason(
            f"it does not offer {kafka.sasl_mechanism}", "set kafka.sasl_mechanism to what it offers"
        )
    if isinstance(error, IllegalSaslStateError):
        return Reason(
            "it takes no user and password on this port",
            "set kafka.security_protocol to SSL, or name the brokers' SASL port in kafka.bootstrap_servers",
        )
    return None


def _network(kafka: Kafka, error: BaseException) -> Reason | None:
    where = "is kafka.bootstrap_servers (HOLDFAST_KAFKA__BOOTSTRAP_SERVERS) right?"
    if isinstance(error, socket.gaierror):
        return Reason("the host name is not known", where, certain=False)
    if isinstance(error, ConnectionRefusedError):
        return Reason("nothing listens there", f"is it running, and {where}", certain=False)
    if isinstance(error, TimeoutError):
        waited = kafka.request_timeout / 1000
        return Reason(f"no answer within {waited:g} s", f"is it running, and {where}", certain=False)
    return None


async def _asked(kafka: Kafka, tls: ssl.SSLContext | None, failed: Failed) -> Reason:
    reason = reason_of(kafka, failed.error)
    if reason is not None:
        return reason
    if kafka.security_protocol != "PLAINTEXT" and await _answers(failed.address, {}):
        return Reason("it speaks plain text on this port, and we came with TLS", _NO_TLS)
    if kafka.security_protocol == "SSL" and await _wants_password(kafka, tls, failed.address):
        return Reason(
            "it wants a user and a password on this port",
            "set kafka.security_protocol to SASL_SSL, with kafka.sasl_username and kafka.sasl_password",
        )
    text = str(failed.error) or type(failed.error).__name__
    return Reason(text, "is it running? The brokers' log says more", certain=False)


async def _answers(address: str, options: Mapping[str, Any], request: Any = None) -> Any:  # noqa: ANN401 - aiokafka's
    """The answer to a first question (or just true) by somebody who speaks like that; false if nobody."""
    host, _, port = address.rpartition(":")
    try:
        connection = await create_conn(host.strip("[]"), int(port), request_timeout_ms=_ASK_MS, **options)
    except (KafkaError, OSError, ValueError, EOFError):
        return False
    try:
        return True if request is None else await connection.send(request)
    except (KafkaError, OSError, EOFError):
        return False
    finally:
        connection.close()


async def _wants_password(kafka: Kafka, tls: ssl.SSLContext | None, address: str) -> bool:
    options = {"security_protocol": "SSL", "ssl_context": tls}
    answer = await _answers(address, options, SaslHandShakeRequest(kafka.sasl_mechanism))
    return bool(answer) and bool(answer.enabled_mechanisms)
