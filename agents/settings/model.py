"""Every setting: its name, its default and what it is for (``docs/settings.md`` is generated from here).

Durations are int milliseconds inside; secrets are ``SecretStr`` and are unwrapped only where they are used.
"""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from streams.wire.times import SECOND

from .kinds import Addresses, Duration, is_loopback

Port = Annotated[int, Field(ge=0, le=65_535)]
Count = Annotated[int, Field(ge=1)]


class _Section(BaseModel):
    """What all sections share: closed names, no change after loading, no value in an error text."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Kafka(_Section):
    """How the brokers are reached, and how fast a dead worker is noticed."""

    bootstrap_servers: Addresses = Field(
        default=("127.0.0.1:9092",), description="First brokers to ask, `host:port` separated by commas"
    )
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_SSL"] = Field(
        default="PLAINTEXT", description="How connections are protected; SASL without TLS is not offered"
    )
    allow_plaintext: bool = Field(
        default=False,
        description="Say yes to unencrypted connections to brokers that are not on this machine",
    )
    ssl_cafile: Path | None = Field(
        default=None, description="CA certificates to trust instead of the system's"
    )
    ssl_certfile: Path | None = Field(default=None, description="Client certificate, for mutual TLS")
    ssl_keyfile: Path | None = Field(default=None, description="Private key of the client certificate")
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        default="SCRAM-SHA-512", description="How the worker proves who it is, with `SASL_SSL`"
    )
    sasl_username: str | None = Field(default=None, description="The Kafka principal, with `SASL_SSL`")
    sasl_password: SecretStr | None = Field(default=None, description="Its password")
    instance_id: str | None = Field(
        default=None,
        min_length=1,
        description="Stable name of the worker, the pod's: a restart causes no rebalance. One per process",
    )
    session_timeout: Duration = Field(
        default=12 * SECOND, ge=2_000, description="A worker silent for this long is replaced"
    )
    heartbeat_interval: Duration = Field(
        default=3 * SECOND,
        ge=100,
        description="How often a worker shows life; at most a third of the session",
    )
    rebalance_timeout: Duration = Field(
        default=30 * SECOND, ge=1_000, description="How long workers may take to join a rebalance"
    )
    request_timeout: Duration = Field(
        default=40 * SECOND,
        ge=1_000,
        description="How long an answer may take; more than the session timeout",
    )
    commit_interval: Duration = Field(
        default=1 * SECOND, ge=10, description="How often offsets are committed"
    )

    @property
    def bootstrap(self) -> str:
        """The brokers as aiokafka wants them."""
        return ",".join(self.bootstrap_servers)

    @model_validator(mode="after")
    def _timeouts_fit(self) -> Self:
        if self.heartbeat_interval * 3 > self.session_timeout:
            raise ValueError("kafka.heartbeat_interval must be at most a third of kafka.session_timeout")
        if self.request_timeout <= self.session_timeout:
            raise ValueError(
                "kafka.request_timeout must be above kafka.session_timeout, or joining a group fails"
            )
        return self

    @model_validator(mode="after")
    def _transport_is_protected(self) -> Self:
        away = [a for a in self.bootstrap_servers if not is_loopback(a.rpartition(":")[0])]
        if self.security_protocol == "PLAINTEXT" and away and not self.allow_plaintext:
            raise ValueError(
                f"plain text to {away[0]} would cross the network: set kafka.security_protocol to SASL_SSL "
                "or SSL, or kafka.allow_plaintext to true if that is meant"
            )
        if self.security_protocol == "SASL_SSL" and not (self.sasl_username and self.sasl_password):
            raise ValueError("SASL_SSL needs kafka.sasl_username and kafka.sasl_password")
        if self.ssl_keyfile and not self.ssl_certfile:
            raise ValueError("kafka.ssl_keyfile needs kafka.ssl_certfile")
        return self


class Redis(_Section):
    """The read model; detection never reads it."""

    url: SecretStr = Field(
        default=SecretStr("redis://127.0.0.1:6379/0"),
        description="Where the view lives; `rediss://` for TLS. A password in it is masked where it is shown",
    )


class Topics(_Section):
    """Names and sizes of the topics; one partition count for all that are read together."""

    prefix: str = Field(
        default="holdfast",
        pattern=r"^[a-z0-9][a-z0-9-]{0,62}$",
        description="Begins every topic, consumer group and application id",
    )
    partitions: Count = Field(
        default=8, description="Partitions of each topic keyed by customer; fixed for life"
    )
    replication_factor: Count = Field(
        default=1, description="Copies of each partition. Production: 3, the changelog is the database"
    )


class Cut(_Section):
    """Pacing of the cuts: the latency that one pays for cheap low rates."""

    every: Duration = Field(
        default=50, ge=1, le=1_000, description="How often a partition in which records wait is cut"
    )
    looks: Annotated[int, Field(ge=1, le=20)] = Field(
        default=4, description="Quick looks for more records just before a cut"
    )
    lead: Duration = Field(default=6, ge=0, le=100, description="Time between two looks")
    max_records: Annotated[int, Field(ge=1, le=100_000)] = Field(
        default=5_000, description="Most records in one cut: bounds the longest stall"
    )


class Admin(_Section):
    """The admin server of a worker: health, metrics, partitions."""

    host: str = Field(
        default="127.0.0.1",
        min_length=1,
        description="Address to listen on; other than loopback needs `admin.token`",
    )
    port: Port = Field(
        default=0, description="Port; 0: any free one, printed in the log and published on facts"
    )
    url: str | None = Field(
        default=None,
        pattern=r"^https?://[^/\s]+$",
        description="Where others reach it, published on facts for `why`; without it its own address",
    )
    token: SecretStr | None = Field(
        default=None, description="Bearer token that requests must carry, at least 16 characters"
    )

    @model_validator(mode="after")
    def _open_only_with_a_token(self) -> Self:
        secret = self.token.get_secret_value() if self.token else None
        if secret is not None and (len(secret) < 16 or not secret.isascii()):  # noqa: PLR2004 - 16: see the text
            raise ValueError("admin.token must have at least 16 ASCII characters")
        if secret is None and not is_loopback(self.host):
            raise ValueError(
                f"admin.host {self.host} can be reached by others: set admin.token "
                "(HOLDFAST_ADMIN__TOKEN or HOLDFAST_ADMIN__TOKEN_FILE), or listen on 127.0.0.1"
            )
        return self


class Logs(_Section):
    """What is written to standard error."""

    format: Literal["json", "console"] = Field(
        default="console", description="`json`: one object a line, for machines; `console`: for people"
    )
    level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Least level written"
    )


class Settings(_Section):
    """All settings of one process."""

    kafka: Kafka = Kafka()
    redis: Redis = Redis()
    topics: Topics = Topics()
    clock: Literal["wall", "external"] = Field(
        default="wall",
        description="Who moves time: the fetches (`wall`) or tick records on control (`external`)",
    )
    clock_hold: Duration = Field(
        default=30 * SECOND,
        description="How long time is held after an outage of the brokers (the design's `clock.hold`)",
    )
    cut: Cut = Cut()
    watchdog: Duration = Field(
        default=45 * SECOND,
        ge=2_000,
        description="A worker that stands still for this long, though Kafka answers, ends with 70",
    )
    inbox: Count = Field(
        default=20_000,
        description="Records of a partition that may wait before it is paused; external clock: >= 100,000",
    )
    admin: Admin = Admin()
    logs: Logs = Logs()
    data_dir: Path = Field(
        default=Path("var"), description="Where a worker may keep files; it makes a folder of its own"
    )

    @model_validator(mode="after")
    def _rebalances_fit(self) -> Self:
        if self.watchdog <= self.kafka.rebalance_timeout:
            raise ValueError(
                "watchdog must be above kafka.rebalance_timeout, or a slow rebalance looks like a standstill"
            )
        return self

    @property
    def inbox_bound(self) -> int:
        """The inbox bound in force: up to 100,000 records may stand between two ticks."""
        return max(self.inbox, 100_000) if self.clock == "external" else self.inbox
