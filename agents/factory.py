"""The composition root: from settings to a worker. Tests call it with settings and a core of their own."""

import time
import uuid
from collections.abc import Collection
from typing import Any

import faust
from faust.types.auth import AuthProtocol

from streams.metrics import LOG_LINES_DROPPED
from streams.tables import app_id
from streams.timeline import Partition
from streams.topics import Catalogue, catalogue
from streams.wire.facts import Owner, owner_record

from .adapters.admin import AdminServer, start_admin
from .adapters.kafka import TOLERATED, ahead_of_the_brokers, client_options, ssl_context
from .adapters.logs import dict_config, get_logger
from .adapters.metrics import Metrics
from .asked import asked
from .detect import add_detect
from .lane.app import JointTopic, LaneApp
from .lane.auditor import Auditor
from .lane.core import CoreFactory
from .lane.lane import Lane
from .lane.metering import Meter
from .lane.probe import Probe
from .lane.reporter import Reporter
from .lane.sending import NO_HEADERS
from .lane.status import LaneStatus
from .lane.survey import Survey
from .lane.watchdog import Watchdog
from .settings import Settings
from .settings.model import Kafka
from .start import accept, check_group, check_standing, check_topics
from .topic_watch import TopicWatch

SECOND = 1000

log = get_logger("start")


class Detect:
    """A detect worker before it runs: its Faust app, and what stands around it.

    Args:
        settings: Of the process.
        core: Makes the pure core of a partition; by default the product's.
        accepted: Topics, or the group, of which a person accepts to have lost something.

    Attributes:
        app: Started by Faust's worker.
        status: What it says about itself.
    """

    def __init__(
        self, settings: Settings, core: CoreFactory | None = None, accepted: Collection[str] = ()
    ) -> None:
        self.settings = settings
        self.catalogue = catalogue(settings.topics.prefix, settings.topics.partitions)
        self.metrics = Metrics()
        self.lane = Lane(
            settings,
            self.catalogue,
            core or product_core(self.catalogue),
            client_options(settings.kafka),
            Meter(self.metrics, self.catalogue),
            accepted=accept(self.catalogue, accepted),
            told=Survey(client_options(settings.kafka), self.catalogue).told,
        )
        self.status = LaneStatus(self.lane)
        self.metrics.on_render(lambda: self.lane.meter.refresh(self.lane, self.status))
        self.admin: AdminServer | None = None
        read = (*self.catalogue.inputs, self.catalogue.control, self.catalogue.changelog)
        probe = Probe(client_options(settings.kafka), app_id(settings.topics.prefix), read)
        self.app = LaneApp(
            app_id(settings.topics.prefix),
            lane=self.lane,
            companions=[
                self._start_admin,
                Auditor(self.lane).start,
                Watchdog(self.lane, probe).start,
                TopicWatch(settings, self.catalogue, self.lane).start,
                Reporter(self.lane).start,
            ],
            checks=[self._check],
            ready=self._say_who_owns,
            **faust_conf(settings),
            logging_config=dict_config(settings.logs, lambda: self.metrics.add(LOG_LINES_DROPPED)),
        )
        add_detect(self.app, self.catalogue)

    async def _start_admin(self) -> AdminServer:
        self.admin = await start_admin(self.settings, lambda: self.status, self.metrics, why=asked(self.lane))
        return self.admin

    async def _check(self) -> None:
        topics = await check_topics(self.settings)
        await check_group(self.settings, topics)
        await check_standing(self.settings, topics, self.lane.accepted)

    async def _say_who_owns(self) -> None:
        """Put the owned partitions on facts, so that `why` finds this worker."""
        assert self.admin is not None
        url = self.settings.admin.url or self.admin.url
        lines = [
            (*owner_record(owned.number, Owner(url=url, epoch=owned.epoch)), NO_HEADERS)
            for owned in self.lane.partitions.values()
        ]
        if not lines:
            return
        before = time.time_ns()
        (*_, last) = await self.lane.sender.send(self.catalogue.facts.name, 0, lines)
        ahead = ahead_of_the_brokers(await last.ack, before, time.time_ns())
        if ahead is not None and abs(ahead) > TOLERATED:
            log.warning("this machine's clock is not the brokers'", seconds_ahead=ahead / SECOND)


def product_core(topics: Catalogue) -> CoreFactory:
    """Make the partitions of the product's own core."""
    return lambda number: Partition(number, topics)


def create_app(
    settings: Settings, core: CoreFactory | None = None, accepted: Collection[str] = ()
) -> LaneApp:
    """Compose a detect worker."""
    return Detect(settings, core, accepted).app


def faust_conf(settings: Settings) -> dict[str, Any]:
    """Faust's settings, as engine.md section 4 argues them."""
    kafka = settings.kafka
    worker = kafka.instance_id or uuid.uuid4().hex
    return {
        "broker": [f"kafka://{address}" for address in kafka.bootstrap_servers],
        "broker_credentials": _credentials(kafka),
        "broker_session_timeout": kafka.session_timeout / SECOND,
        "broker_heartbeat_interval": kafka.heartbeat_interval / SECOND,
        "broker_rebalance_timeout": kafka.rebalance_timeout / SECOND,
        "broker_request_timeout": kafka.request_timeout / SECOND,
        "broker_commit_interval": kafka.commit_interval / SECOND,
        "broker_max_poll_records": 10_000,
        "consumer_group_instance_id": kafka.instance_id,
        "consumer_auto_offset_reset": "earliest",
        "producer_request_timeout": kafka.request_timeout / SECOND,
        "producer_linger": 0,
        "producer_max_batch_size": 1_000_000,  # below the broker's message.max.bytes
        "producer_max_request_size": 4_000_000,
        "topic_allow_declare": False,
        "topic_disable_leader": True,
        "topic_partitions": settings.topics.partitions,
        "topic_replication_factor": settings.topics.replication_factor,
        "table_standby_replicas": 0,
        "stream_recovery_delay": 0,
        # The assignor knows members by URL: unique per worker, and the same again for the same instance id.
        "canonical_url": f"http://{worker.replace('_', '-')}.holdfast.invalid:6066",
        "datadir": str(settings.data_dir / worker),  # never made: LaneApp keeps nothing on disk
        "web_enabled": False,
        "Topic": JointTopic,
        "autodiscover": False,
        "worker_redirect_stdouts": False,
    }


def _credentials(kafka: Kafka) -> Any:  # noqa: ANN401 - Faust's
    context = ssl_context(kafka)
    if context is None:
        return None
    if kafka.security_protocol == "SSL":
        return faust.SSLCredentials(context)
    assert kafka.sasl_password is not None  # the settings insist
    credentials = faust.SASLCredentials(
        username=kafka.sasl_username,
        password=kafka.sasl_password.get_secret_value(),
        ssl_context=context,
        mechanism=kafka.sasl_mechanism,
    )
    assert credentials.protocol is AuthProtocol.SASL_SSL
    return credentials
