"""The run of the fault suite: which faults, under which seed, and the table of what came of them."""

import os
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import cast

import pytest

from devkit.broker import EmbeddedBroker, KafkaCluster, RealKafka, kafka_cluster, real_kafka
from tests.support.faults import Bed, Dice, Row, Scale
from tests.support.faults.plan import CHOICE, SEED, chosen_scale, chosen_seed
from tests.support.faults.results import PAGE, table, write

HERE = Path(__file__).parent
SCALE = chosen_scale()
CHOSEN_SEED = chosen_seed(SCALE)
os.environ[SEED] = str(CHOSEN_SEED)  # processes that share the tests throw the same dice
BEGAN = time.monotonic()
ROWS: list[list[str]] = []
MakeBed = Callable[..., Bed]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what this scale does not try; pytest says how many were deselected."""
    mine = [item for item in items if HERE in item.path.parents]
    out = {item for item in mine if _least(item) > SCALE}
    if out:
        config.hook.pytest_deselected(items=list(out))
        items[:] = [item for item in items if item not in out]


def _least(item: pytest.Item) -> Scale:
    if item.get_closest_marker("quick"):
        return Scale.QUICK
    return Scale.LONG if item.get_closest_marker("long") else Scale.ALL


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Note whether the test of a row has passed; its last report takes the row to whoever prints."""
    report = yield
    row = item.stash.get(_ROW, None)
    if row is not None and (report.when == "call" or report.failed):
        row.passed = report.passed and row.passed is not False
        row.seconds = time.monotonic() - row.began
    if row is not None and report.when == "teardown":
        report.user_properties.append((_PROPERTY, row.cells()))
    return report


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Gather the rows, whichever process they come from."""
    if report.when == "teardown":
        found = [cells for name, cells in report.user_properties if name == _PROPERTY]
        ROWS.extend(cast("list[list[str]]", found))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the table and the seed; a run of `make faults` writes the page."""
    if not ROWS:
        return
    terminalreporter.section(f"faults: {CHOICE}={SCALE.name.lower()} {SEED}={CHOSEN_SEED}")
    terminalreporter.write(table(ROWS))
    if os.environ.get(CHOICE):
        write(ROWS, CHOSEN_SEED, SCALE.name.lower(), time.monotonic() - BEGAN)
        terminalreporter.write_line(f"written to {PAGE}")


_ROW = pytest.StashKey[Row]()
_PROPERTY = "fault row"


@pytest.fixture
def scale() -> Scale:
    """How much is tried."""
    return SCALE


@pytest.fixture
def dice(request: pytest.FixtureRequest) -> Dice:
    """The dice of this test."""
    return Dice(CHOSEN_SEED, request.node.name)


@pytest.fixture
def row(request: pytest.FixtureRequest) -> Generator[Row]:
    """The row of this test; its name is that of the mark ``fault``."""
    marker = request.node.get_closest_marker("fault")
    assert marker is not None, "a test of the suite says which fault it is: @pytest.mark.fault('F1')"
    callspec = getattr(request.node, "callspec", None)
    made = Row(" ".join([*marker.args, *([callspec.id] if callspec else [])]))
    request.node.stash[_ROW] = made
    yield made
    print(f"{SEED}={CHOSEN_SEED}  {made.schedule}", *made.log, sep="\n")  # noqa: T201 - shown where it failed


@pytest.fixture
def make_bed(tmp_path: Path, row: Row, dice: Dice) -> Generator[MakeBed]:
    """Makes beds, on any broker, and ends all that runs on them."""
    made: list[Bed] = []

    def make(broker: RealKafka | KafkaCluster | EmbeddedBroker, *, toy: bool = False) -> Bed:
        bed = Bed(broker, tmp_path / str(len(made)), row, dice, toy=toy)
        made.append(bed)
        return bed

    yield make
    for bed in made:
        bed.close()


@pytest.fixture
def bed(kafka: RealKafka, make_bed: MakeBed) -> Bed:
    """A bed on the Kafka that all tests share, with the product's core."""
    return make_bed(kafka)


@pytest.fixture
def toy_bed(kafka: RealKafka, make_bed: MakeBed) -> Bed:
    """The same with the toy core: every lost, repeated or misplaced record shows in every later effect."""
    return make_bed(kafka, toy=True)


@pytest.fixture
def own_kafka(kafka_jars_or_skip: None) -> Generator[RealKafka]:  # noqa: ARG001 - it decides whether there is one
    """A Kafka for this test alone, to be harmed."""
    with real_kafka() as running:
        yield running


@pytest.fixture
def cluster(kafka_jars_or_skip: None) -> Generator[KafkaCluster]:  # noqa: ARG001 - it decides whether there is one
    """Three Kafka brokers for this test alone."""
    with kafka_cluster(3) as running:
        yield running
