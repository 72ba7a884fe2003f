"""Every Kafka client gets the transport that the settings name, and nothing weaker."""

import ssl
from pathlib import Path

import faust
import pytest
from faust.types.auth import AuthProtocol
from pydantic import SecretStr

from agents.adapters.kafka import client_options, connected
from agents.errors import ConfigurationError, InfrastructureError
from agents.factory import faust_conf
from agents.settings import Settings
from agents.settings.model import Kafka

PLANTED = "planted-secret-4711"


def test_plain_text_has_no_context_and_no_password() -> None:
    options = client_options(Kafka(sasl_username="unused", sasl_password=SecretStr(PLANTED)))
    assert (options["security_protocol"], options["ssl_context"]) == ("PLAINTEXT", None)
    assert PLANTED not in str(options)


@pytest.mark.parametrize("protocol", ["SSL", "SASL_SSL"])
def test_tls_checks_certificates_and_host_names_and_speaks_nothing_old(protocol: str) -> None:
    kafka = Kafka.model_validate(
        {"security_protocol": protocol, "sasl_username": "worker", "sasl_password": PLANTED}
    )
    context = client_options(kafka)["ssl_context"]
    assert isinstance(context, ssl.SSLContext)
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2


def test_sasl_hands_over_mechanism_user_and_password() -> None:
    kafka = Kafka(security_protocol="SASL_SSL", sasl_username="worker", sasl_password=SecretStr(PLANTED))
    options = client_options(kafka)
    assert options["sasl_mechanism"] == "SCRAM-SHA-512"
    assert (options["sasl_plain_username"], options["sasl_plain_password"]) == ("worker", PLANTED)


@pytest.mark.parametrize("name", ["ssl_cafile", "ssl_certfile"])
def test_a_certificate_that_cannot_be_used_is_told(tmp_path: Path, name: str) -> None:
    nonsense = tmp_path / "nonsense.pem"
    for content in (None, "no certificate"):
        if content is not None:
            nonsense.write_text(content, encoding="utf-8")
        kafka = Kafka.model_validate({"security_protocol": "SSL", name: nonsense})
        with pytest.raises(ConfigurationError, match="TLS files"):
            client_options(kafka)


class RefusingClient:
    """A client that never gets through."""

    def __init__(self) -> None:
        self.ended = False

    async def start(self) -> None:
        raise ConnectionRefusedError("refused")

    async def stop(self) -> None:
        self.ended = True


async def test_a_client_that_does_not_get_through_is_ended_and_the_broker_named() -> None:
    client = RefusingClient()
    with pytest.raises(
        InfrastructureError, match=r"cannot reach Kafka at 127\.0\.0\.1:9092: nothing listens"
    ):
        async with connected(client, client.stop, Kafka()):
            pass
    assert client.ended


def test_faust_gets_no_credentials_without_tls() -> None:
    """`SASLCredentials` without a context is clear text, without a word (reliability S1)."""
    password = SecretStr(PLANTED)
    settings = Settings(
        kafka=Kafka(security_protocol="SASL_SSL", sasl_username="worker", sasl_password=password)
    )
    credentials = faust_conf(settings)["broker_credentials"]
    assert credentials.protocol is AuthProtocol.SASL_SSL
    assert isinstance(credentials.ssl_context, ssl.SSLContext)
    assert PLANTED not in repr(credentials)
    plain = faust.SASLCredentials(username="worker", password=PLANTED)
    assert plain.protocol is AuthProtocol.SASL_PLAINTEXT, "Faust refuses it now: our assertion may go"


def test_faust_gets_a_context_and_no_file_of_an_authority() -> None:
    """`SSLCredentials(cafile=...)` raises `TypeError` (reliability S1)."""
    credentials = faust_conf(Settings(kafka=Kafka(security_protocol="SSL")))["broker_credentials"]
    assert credentials.protocol is AuthProtocol.SSL
    assert isinstance(credentials.context, ssl.SSLContext)
    with pytest.raises(TypeError):
        faust.SSLCredentials(cafile=where_are_certificates())


def where_are_certificates() -> str:
    return ssl.get_default_verify_paths().openssl_cafile
