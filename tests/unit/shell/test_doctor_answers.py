"""What `doctor` makes of a check that cannot be made, and of a changelog that a worker would refuse."""

from collections.abc import Awaitable, Callable
from types import SimpleNamespace

import pytest
from aiokafka.errors import KafkaError, TopicAuthorizationFailedError

from agents.doctor import examination, rows
from agents.doctor.finding import Finding, ok
from agents.errors import ConfigurationError
from agents.lane.claiming import Place
from agents.lane.ledger import LEDGER
from agents.settings import Settings
from agents.topics import Cluster, Existing
from streams.topics import Catalogue, catalogue
from streams.wire import row
from tests.support.topics import Record

OURS = catalogue("t", 1)
Ask = Callable[[Settings, Catalogue], Awaitable[Finding]]


def answers(check: str) -> Ask:
    async def ask(_settings: Settings, _topics: Catalogue) -> Finding:
        return ok(check, "fine")

    return ask


def raises(error: Exception) -> Ask:
    async def ask(_settings: Settings, _topics: Catalogue) -> Finding:
        raise error

    return ask


@pytest.fixture
def _well(monkeypatch: pytest.MonkeyPatch) -> None:
    """An installation that is well, as far as it is asked."""

    async def check_topics(_settings: Settings) -> Catalogue:
        return OURS

    async def look(*_: object) -> Cluster:
        return Cluster({topic.name: Existing(1, None) for topic in OURS.all}, True, {})

    monkeypatch.setattr(examination, "check_topics", check_topics)
    monkeypatch.setattr(examination, "look", look)
    for check in ("kafka", "rights", "group", "clock", "changelog", "policy"):
        monkeypatch.setattr(examination, f"_{check}", answers(check))
    monkeypatch.setattr(examination, "_standing", answers("offsets"))
    monkeypatch.setattr(examination, "_redis", lambda settings: answers("redis")(settings, OURS))


async def examined() -> dict[str, Finding]:
    return {finding.check: finding async for finding in examination.examine(Settings())}


@pytest.mark.usefixtures("_well")
@pytest.mark.parametrize("check", ["clock", "changelog", "policy"])
@pytest.mark.parametrize(
    ("error", "code"), [(KafkaError("not now"), 70), (ConfigurationError("no right"), 64)], ids=["70", "64"]
)
async def test_a_check_that_fails_is_named_and_the_others_are_made(
    monkeypatch: pytest.MonkeyPatch, check: str, error: Exception, code: int
) -> None:
    monkeypatch.setattr(examination, f"_{check}", raises(error))
    found = await examined()
    assert {name for name, finding in found.items() if finding.verdict == "fail"} == {check}
    assert found[check].code == code
    assert {"clock", "offsets", "changelog", "policy"} <= found.keys()


@pytest.mark.usefixtures("_well")
@pytest.mark.parametrize(
    "error",
    [ConfigurationError("Write on t.commands.fax"), TopicAuthorizationFailedError("t.facts.v1")],
)
async def test_topics_and_rights_are_checked_as_a_worker_does(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Also those of channels that only the policy knows."""

    async def check_topics(_settings: Settings) -> Catalogue:
        raise error

    monkeypatch.setattr(examination, "check_topics", check_topics)
    found = await examined()
    assert found["topics"].verdict == "fail"
    assert str(error.args[0]) in found["topics"].text
    assert "clock" not in found, "what cannot be asked because of it is not asked"


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        (LEDGER, row.pack_context(0, b"\xc1 what is this"), "a ledger"),
        (b"customer", b"\xff what is this", "partition 0 at 1"),
    ],
)
async def test_what_a_worker_could_not_read_is_found(
    monkeypatch: pytest.MonkeyPatch, key: bytes, value: bytes, said: str
) -> None:
    marker = Record(OURS.changelog.name, 0, 0, 0, row.MARKER, b"", [])
    there = [marker, Record(OURS.changelog.name, 0, 1, 0, key, value, [])]

    async def whole() -> dict[int, object]:
        return {0: SimpleNamespace(changelog=Place(None, 0, 2), control=Place(1, 0, 1))}

    async def read(*_: object) -> dict[int, list[Record]]:
        return {0: there}

    monkeypatch.setattr(rows, "Survey", lambda *_: SimpleNamespace(whole=whole))
    monkeypatch.setattr(rows, "LogReader", lambda *_: SimpleNamespace(read=read))
    assert said in (await rows.read_ends({}, OURS)).unreadable
