"""The composition roots of the roles that are no lane."""

from collections.abc import Mapping, Sequence

from streams.metrics import LOG_LINES_DROPPED
from streams.tables import POPULATION, role_id
from streams.topics import catalogue
from streams.wire.facts import Fact, InForce

from .adapters.admin import AdminServer, start_admin
from .adapters.logs import dict_config
from .adapters.metrics import Metrics
from .control_client import ControlClient
from .factory import faust_conf
from .facts import facts_in_force
from .population import Population
from .rights import population_rights
from .role import RoleApp
from .settings import Settings
from .topics import verify


class PopulationWorker:
    """A population worker before it runs.

    Args:
        settings: of the process.

    Attributes:
        app: started by Faust's worker.
        population: what it knows.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.catalogue = catalogue(settings.topics.prefix, settings.topics.partitions)
        self.metrics = Metrics()
        self.population = Population(self.catalogue, self._publish, self._in_force, self.metrics)
        self.app = RoleApp(
            role_id(settings.topics.prefix, POPULATION),
            checks=[self._check],
            companions=[self._start_admin],
            **faust_conf(settings),
            logging_config=dict_config(settings.logs, lambda: self.metrics.add(LOG_LINES_DROPPED)),
        )
        self.app.reads(self.catalogue.population, self.population.take)

    async def _check(self) -> None:
        """Refuse to start without a topic or a right: Faust takes a forbidden topic for empty."""
        topics = (self.catalogue.population, self.catalogue.control, self.catalogue.facts)
        await verify(self.settings, topics, population_rights(self.catalogue))

    async def _start_admin(self) -> AdminServer:
        return await start_admin(self.settings, lambda: RoleStatus(self), self.metrics, POPULATION)

    async def _publish(self, fact: InForce) -> None:
        async with ControlClient.connect(self.settings, self.catalogue) as control:
            await control.publish(fact)

    async def _in_force(self) -> Mapping[str, Fact]:
        return await facts_in_force(self.settings, self.catalogue)


class RoleStatus:
    """What a population worker says about itself."""

    alive = True
    """Whatever stops it ends it; there is nothing that a look from outside would see sooner."""

    def __init__(self, worker: PopulationWorker) -> None:
        self._worker = worker

    @property
    def ready(self) -> bool:
        """Whether it has joined its group."""
        return bool(self._worker.app.rebalancing_count) and not self._worker.app.rebalancing

    @property
    def reason(self) -> str:
        """Why it is not ready; empty if it is."""
        return "" if self.ready else "joining the group"

    def partitions(self) -> Sequence[dict[str, object]]:
        """The partitions that have told their sums."""
        return [{"partition": number} for number in self._worker.population.heard]
