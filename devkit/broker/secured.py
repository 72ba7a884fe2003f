"""A real Kafka that lets nobody in unasked: TLS, passwords, client certificates and access lists.

    with secured_kafka() as kafka:
        make_topics(kafka.kafka, "brand", 4)           # over `bootstrap`: plain text, and all rights
        kafka.allow("worker", "topic", "brand.control.v1", "Read", "Write", "DescribeConfigs")
        settings = kafka.login("SCRAM-SHA-512")        # the environment of a worker that logs in so

Three listeners. `bootstrap` is plain text and its users are super users: it is for making topics, giving
rights and looking at what was written. `sasl` is SASL_SSL with SCRAM-SHA-256, SCRAM-SHA-512 and PLAIN, the
same users and passwords with each. `mtls` is SSL and wants a client certificate of `authority`; its
principal is the certificate's common name. Nobody but the super users may do anything until `allow`.

The server's certificate is for `localhost` alone: `sasl` and `mtls` name that host, and whoever asks
127.0.0.1 in its place meets a certificate for somebody else.
"""

import tempfile
import time
from collections.abc import Generator, Iterable, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

import trustme
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from .jars import kafka_jars
from .kafka import NO_CONFIG, RealKafka
from .ports import LOOPBACK, ReservedPort
from .process import ChildError

HOST: Final = "localhost"
USERS: Final[Mapping[str, str]] = MappingProxyType(
    {"worker": "worker-secret-one", "stranger": "stranger-secret-two"}
)
"""Users and their passwords; `stranger` is for tests that need one more."""

_OPERATIONS: Final = {
    "Read": AclOperation.READ,
    "Write": AclOperation.WRITE,
    "Create": AclOperation.CREATE,
    "Describe": AclOperation.DESCRIBE,
    "DescribeConfigs": AclOperation.DESCRIBE_CONFIGS,
}
_RESOURCES: Final = {"topic": ResourceType.TOPIC, "group": ResourceType.GROUP}
ANSWER_SECONDS: Final = 30.0


@dataclass(frozen=True)
class Certificates:
    """Files in PEM: the authority's certificate, and a certificate with its key."""

    authority: Path
    certificate: Path
    key: Path


class SecuredKafka:
    """A running secured Kafka; made by `secured_kafka`.

    Attributes:
        kafka: The broker, to be stopped, killed, frozen and restarted as any other.
        bootstrap: Plain text, for super users alone.
        sasl: `localhost:port`, SASL_SSL.
        mtls: `localhost:port`, SSL with client certificates.
        authority: Signs server and clients; `authority.issue_cert` makes more.
        client: Files of the user `worker`, and the authority's certificate.
    """

    def __init__(
        self, kafka: RealKafka, sasl: int, mtls: int, authority: trustme.CA, client: Certificates
    ) -> None:
        self.kafka = kafka
        self.bootstrap = kafka.bootstrap
        self.sasl = f"{HOST}:{sasl}"
        self.mtls = f"{HOST}:{mtls}"
        self.authority = authority
        self.client = client

    def login(self, how: str, user: str = "worker") -> dict[str, str]:
        """The settings, as environment variables, of a process that logs in.

        Args:
            how: `SCRAM-SHA-256`, `SCRAM-SHA-512`, `PLAIN`, or `mTLS` (always as `worker`).
            user: One of `USERS`.
        """
        trusted = {"HOLDFAST_KAFKA__SSL_CAFILE": str(self.client.authority)}
        if how == "mTLS":
            return trusted | {
                "HOLDFAST_KAFKA__BOOTSTRAP_SERVERS": self.mtls,
                "HOLDFAST_KAFKA__SECURITY_PROTOCOL": "SSL",
                "HOLDFAST_KAFKA__SSL_CERTFILE": str(self.client.certificate),
                "HOLDFAST_KAFKA__SSL_KEYFILE": str(self.client.key),
            }
        return trusted | {
            "HOLDFAST_KAFKA__BOOTSTRAP_SERVERS": self.sasl,
            "HOLDFAST_KAFKA__SECURITY_PROTOCOL": "SASL_SSL",
            "HOLDFAST_KAFKA__SASL_MECHANISM": how,
            "HOLDFAST_KAFKA__SASL_USERNAME": user,
            "HOLDFAST_KAFKA__SASL_PASSWORD": USERS[user],
        }

    def allow(self, user: str, resource: str, name: str, *operations: str) -> None:
        """Give a user rights (as `topics acl` writes them) on a topic or group; they hold on return."""
        admin = self.kafka.admin()  # kept until all have answered: its end would cancel them
        entries = _entries(user, resource, name, operations)
        for given in admin.create_acls(entries).values():
            given.result(ANSWER_SECONDS)
        self._until(admin, entries, there=True)

    def forbid(self, user: str, resource: str, name: str, *operations: str) -> None:
        """Take rights away again; they are gone on return."""
        admin = self.kafka.admin()
        entries = _entries(user, resource, name, operations)
        for taken in admin.delete_acls([_as_filter(entry) for entry in entries]).values():
            taken.result(ANSWER_SECONDS)
        self._until(admin, entries, there=False)

    @staticmethod
    def _until(admin: AdminClient, entries: Iterable[AclBinding], *, there: bool) -> None:
        """Wait until the broker's own authorizer knows: the controller is ahead of it."""
        end = time.monotonic() + ANSWER_SECONDS
        for entry in entries:
            while bool(admin.describe_acls(_as_filter(entry)).result(ANSWER_SECONDS)) is not there:
                if time.monotonic() > end:
                    raise ChildError(f"the access list does not change: {entry}")
                time.sleep(0.02)


@contextmanager
def secured_kafka(*, properties: Mapping[str, str] = NO_CONFIG) -> Generator[SecuredKafka]:
    """Run a secured Kafka for the length of a `with` block; it is ready when the block begins.

    Args:
        properties: Broker settings on top of, or instead of, ours.

    Raises:
        KafkaUnavailableError: Java, Maven or the jars are missing.
        ChildError: It did not start.
    """
    jars = kafka_jars()
    with ExitStack() as stack:
        folder = Path(
            stack.enter_context(
                tempfile.TemporaryDirectory(prefix="holdfast-kafka-", ignore_cleanup_errors=True)
            )
        )
        plain, controller, sasl, mtls = (stack.enter_context(ReservedPort()).number for _ in range(4))
        authority = trustme.CA()
        server = certificates(authority, folder / "server", HOST)
        client = certificates(authority, folder / "worker", "worker.invalid", common_name="worker")
        settings = _listeners(plain, controller, sasl, mtls) | _tls(server) | _users() | dict(properties)
        scram = [
            f"{mechanism}=[name={name},password={password}]"
            for name, password in USERS.items()
            for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512")
        ]
        formatting = [word for user in scram for word in ("--add-scram", user)]
        kafka = RealKafka(folder, jars, plain, controller, settings, formatting)
        stack.callback(kafka.close)
        kafka.start()
        yield SecuredKafka(kafka, sasl, mtls, authority, client)


def certificates(
    authority: trustme.CA, folder: Path, host: str, common_name: str | None = None
) -> Certificates:
    """Write a new certificate for a host name, its key (PKCS 8, as Kafka wants it) and the authority's."""
    folder.mkdir()
    files = Certificates(folder / "authority.pem", folder / "certificate.pem", folder / "key.pem")
    issued = authority.issue_cert(host, common_name=common_name)
    authority.cert_pem.write_to_path(files.authority)
    files.certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
    key = load_pem_private_key(issued.private_key_pem.bytes(), None)
    files.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return files


def _listeners(plain: int, controller: int, sasl: int, mtls: int) -> dict[str, str]:
    return {
        "listeners": (
            f"PLAINTEXT://{LOOPBACK}:{plain},CONTROLLER://{LOOPBACK}:{controller},"
            f"SASL_SSL://{LOOPBACK}:{sasl},MTLS://{LOOPBACK}:{mtls}"
        ),
        "advertised.listeners": (
            f"PLAINTEXT://{LOOPBACK}:{plain},SASL_SSL://{HOST}:{sasl},MTLS://{HOST}:{mtls}"
        ),
        "listener.security.protocol.map": (
            "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,MTLS:SSL"
        ),
        "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
        "super.users": "User:ANONYMOUS",  # who comes in plain text
    }


def _tls(server: Certificates) -> dict[str, str]:
    store = server.key.with_name("server.pem")
    store.write_bytes(server.key.read_bytes() + server.certificate.read_bytes())
    return {
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(store),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(server.authority),
        "listener.name.mtls.ssl.client.auth": "required",
        "listener.name.mtls.ssl.principal.mapping.rules": "RULE:^.*CN=([^,]+).*$/$1/,DEFAULT",
    }


def _users() -> dict[str, str]:
    scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
    known = " ".join(f'user_{name}="{password}"' for name, password in USERS.items())
    plain = f"org.apache.kafka.common.security.plain.PlainLoginModule required {known};"
    return {
        "sasl.enabled.mechanisms": "SCRAM-SHA-256,SCRAM-SHA-512,PLAIN",
        "listener.name.sasl_ssl.scram-sha-256.sasl.jaas.config": scram,
        "listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config": scram,
        "listener.name.sasl_ssl.plain.sasl.jaas.config": plain,
    }


def _entries(user: str, resource: str, name: str, operations: Iterable[str]) -> list[AclBinding]:
    return [
        AclBinding(
            _RESOURCES[resource],
            name,
            ResourcePatternType.LITERAL,
            f"User:{user}",
            "*",
            _OPERATIONS[operation],
            AclPermissionType.ALLOW,
        )
        for operation in operations
    ]


def _as_filter(entry: AclBinding) -> AclBindingFilter:
    return AclBindingFilter(
        entry.restype,
        entry.name,
        entry.resource_pattern_type,
        entry.principal,
        entry.host,
        entry.operation,
        entry.permission_type,
    )
