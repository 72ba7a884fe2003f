"""The brokers of our own desks do what the tests that stand on them take for granted."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from devkit.broker import (
    QUICK_COMPACTION,
    Child,
    ChildError,
    EmbeddedBroker,
    KafkaUnavailableError,
    RealKafka,
    embedded_broker,
    jars,
    kafka_available,
    kafka_jars,
    real_kafka,
)
from devkit.broker.ports import ReservedPort

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 30.0


class NotTakenError(Exception):
    """A record was not acknowledged."""


def until(holds: Callable[[], bool], seconds: float = PATIENCE) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "did not come true in time"
        time.sleep(0.02)


def alive(pid: int) -> bool:
    """Whether a process runs; one that is only waiting to be reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def send(bootstrap: str, topic: str, value: bytes, seconds: float = PATIENCE) -> None:
    producer = Producer(
        {"bootstrap.servers": bootstrap, "message.timeout.ms": int(seconds * 1000), "log_level": 0}
    )
    errors: list[str] = []  # as text: comparing a KafkaError leaves an exception behind in the interpreter
    producer.produce(
        topic, value, b"key", on_delivery=lambda error, _: errors.append(str(error) if error else "")
    )
    producer.flush(seconds + 1)
    if errors != [""]:
        raise NotTakenError(*errors)


def seconds_to_send(bootstrap: str, topic: str) -> float:
    began = time.monotonic()
    send(bootstrap, topic, b"hello")
    return time.monotonic() - began


def read_one(bootstrap: str, topic: str) -> bytes | None:
    consumer = Consumer({"bootstrap.servers": bootstrap, "group.id": "reader", "log_level": 0})
    consumer.assign([TopicPartition(topic, 0, 0)])
    message = consumer.poll(PATIENCE)
    consumer.close()
    assert message is not None
    value: bytes | None = message.value()
    return value


@pytest.fixture
def sleeper() -> Generator[Child]:
    with Child([sys.executable, "-c", "import time; time.sleep(600)"]) as child:
        yield child


class TestAChild:
    def test_bears_the_pid_that_signals_go_to(self, sleeper: Child) -> None:
        until(lambda: b"time.sleep" in Path(f"/proc/{sleeper.pid}/cmdline").read_bytes())

    def test_is_gone_after_stop_which_may_be_said_twice(self, sleeper: Child) -> None:
        assert sleeper.stop() == -signal.SIGTERM
        assert sleeper.stop() == -signal.SIGTERM
        assert not alive(sleeper.pid)

    def test_that_ignores_sigterm_is_killed(self) -> None:
        deaf = "import signal as s, time; s.signal(15, s.SIG_IGN); print('deaf', flush=True); time.sleep(600)"
        with Child([sys.executable, "-c", deaf]) as child:
            until(lambda: "deaf" in child.output())
            assert child.stop(seconds=0.2) == -signal.SIGKILL

    def test_that_is_frozen_can_be_stopped(self, sleeper: Child) -> None:
        sleeper.freeze()
        assert sleeper.stop() == -signal.SIGTERM

    def test_says_what_it_wrote_when_it_ends_too_early(self) -> None:
        with Child([sys.executable, "-c", "import sys; sys.exit('no luck')"]) as child:
            assert child.wait(PATIENCE) == 1
            assert "no luck" in child.output()

    def test_dies_with_a_parent_that_is_killed(self) -> None:
        program = (
            "import sys, time; from devkit.broker import Child\n"
            "child = Child([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
            "print(child.pid, flush=True); time.sleep(600)"
        )
        parent = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE)
        assert parent.stdout is not None
        with parent:
            child = int(parent.stdout.readline())
            assert alive(child)
            parent.kill()
        until(lambda: not alive(child))


class TestAReservedPort:
    def test_is_not_given_to_anybody_else(self) -> None:
        with ReservedPort() as port, pytest.raises(OSError, match="in use"), socket.socket() as other:
            other.bind(("127.0.0.1", port.number))

    def test_can_be_listened_on_by_a_server_that_says_so(self) -> None:
        with ReservedPort() as port, socket.create_server(("127.0.0.1", port.number)) as server:
            assert server.getsockname()[1] == port.number


class TestTheEmbeddedBroker:
    def test_takes_and_gives_records(self, embedded: EmbeddedBroker) -> None:
        embedded.create_topic("greetings", 2)
        send(embedded.bootstrap, "greetings", b"hello")
        partitions = AdminClient({"bootstrap.servers": embedded.bootstrap}).list_topics(
            "greetings", timeout=PATIENCE
        )
        assert len(partitions.topics["greetings"].partitions) == 2

    def test_listens_on_loopback_only(self, embedded: EmbeddedBroker) -> None:
        assert all(address.startswith("127.0.0.1:") for address in embedded.bootstrap.split(","))

    def test_that_is_down_takes_nothing_until_it_is_up(self, embedded: EmbeddedBroker) -> None:
        embedded.create_topic("greetings")
        embedded.set_down()
        with pytest.raises(NotTakenError):
            send(embedded.bootstrap, "greetings", b"nobody hears this", seconds=1)
        embedded.set_up()
        send(embedded.bootstrap, "greetings", b"hello again")

    def test_answers_with_the_errors_it_was_given(self, embedded: EmbeddedBroker) -> None:
        embedded.create_topic("greetings")
        produce, too_large = 0, 10
        embedded.push_request_errors(produce, [too_large])
        with pytest.raises(NotTakenError, match="size too large"):
            send(embedded.bootstrap, "greetings", b"refused")
        send(embedded.bootstrap, "greetings", b"taken")

    def test_that_is_slow_takes_its_time_until_it_is_fast_again(self, embedded: EmbeddedBroker) -> None:
        embedded.create_topic("greetings")
        embedded.set_rtt(500)
        slow = seconds_to_send(embedded.bootstrap, "greetings")
        embedded.set_rtt(0)
        fast = seconds_to_send(embedded.bootstrap, "greetings")
        assert slow > 0.5
        assert fast < slow

    def test_moves_leaders(self) -> None:
        with embedded_broker([("greetings", 1)], brokers=3) as broker:
            admin = AdminClient({"bootstrap.servers": broker.bootstrap})
            for leader in (2, 3):
                broker.set_leader("greetings", 0, leader)
                metadata = admin.list_topics("greetings", timeout=PATIENCE)
                assert metadata.topics["greetings"].partitions[0].leader == leader

    def test_says_why_it_did_not_do_a_thing(self, embedded: EmbeddedBroker) -> None:
        embedded.create_topic("greetings")
        with pytest.raises(ChildError, match="already exists"):
            embedded.create_topic("greetings")

    def test_leaves_no_process(self) -> None:
        with embedded_broker() as broker:
            pid = broker.pid
            assert alive(pid)
        assert not alive(pid)

    def test_ends_when_its_stdin_does(self) -> None:
        with Child([sys.executable, "-m", "devkit.broker.mock", "1"], cwd=ROOT, pipes=True) as child:
            assert b"bootstrap" in child.stdout.readline()
            child.stdin.close()
            assert child.wait(PATIENCE) == 0


class TestAMissingKafka:
    @pytest.fixture(autouse=True)
    def tools(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
        """A PATH of our own, empty, and no jars fetched yet."""
        folder = tmp_path / "bin"
        folder.mkdir()
        monkeypatch.setenv("PATH", str(folder))
        monkeypatch.setattr(jars, "CACHE", tmp_path / "cache")
        return folder

    @staticmethod
    def tool(folder: Path, name: str, script: str) -> None:
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)

    def test_is_told_from_a_missing_java(self) -> None:
        assert "no java" in (kafka_available() or "")

    def test_is_told_from_a_java_that_is_too_old(self, tools: Path) -> None:
        self.tool(tools, "java", """echo 'openjdk version "1.8.0_442"' >&2""")
        assert "java is version 8" in (kafka_available() or "")

    def test_is_told_from_a_missing_maven_unless_the_jars_are_there(self, tools: Path) -> None:
        self.tool(tools, "java", """echo 'openjdk version "17.0.15"' >&2""")
        assert "no mvn" in (kafka_available() or "")
        folder = jars.jars_folder()
        folder.mkdir(parents=True)
        assert kafka_available() is None
        assert kafka_jars() == folder

    def test_says_what_maven_said_and_leaves_no_half_a_folder(self, tools: Path) -> None:
        self.tool(tools, "java", """echo 'openjdk version "21"' >&2""")
        self.tool(tools, "mvn", "echo 'the network is away'; exit 1")
        with pytest.raises(KafkaUnavailableError, match="the network is away"):
            kafka_jars()
        assert [path.name for path in jars.CACHE.iterdir()] == ["lock"]


class TestARealKafka:
    def test_is_ready_when_it_is_handed_over(self, kafka: RealKafka) -> None:
        kafka.create_topic("brokers.ready", 3, QUICK_COMPACTION)
        send(kafka.bootstrap, "brokers.ready", b"hello", seconds=5)
        metadata = AdminClient({"bootstrap.servers": kafka.bootstrap}).list_topics(timeout=PATIENCE)
        assert len(metadata.topics["brokers.ready"].partitions) == 3

    def test_refuses_a_topic_that_exists(self, kafka: RealKafka) -> None:
        kafka.create_topic("brokers.twice")
        with pytest.raises(KafkaException, match="already exists"):
            kafka.create_topic("brokers.twice")

    @pytest.mark.usefixtures("kafka_jars_or_skip")
    def test_keeps_address_and_records_over_restart_and_kill(self) -> None:
        with real_kafka() as kafka:
            kafka.create_topic("kept")
            send(kafka.bootstrap, "kept", b"before")
            address, first = kafka.bootstrap, kafka.pid
            kafka.restart()
            second = kafka.pid
            kafka.restart(kill=True)
            assert kafka.bootstrap == address
            assert len({first, second, kafka.pid}) == 3
            assert read_one(address, "kept") == b"before"
            send(address, "kept", b"after", seconds=5)

    @pytest.mark.usefixtures("kafka_jars_or_skip")
    def test_that_is_frozen_answers_nothing_until_it_is_thawed_and_leaves_nothing(self) -> None:
        with real_kafka() as kafka:
            kafka.create_topic("frozen")
            pid, folder = kafka.pid, kafka.folder
            kafka.freeze()
            with pytest.raises(NotTakenError):
                send(kafka.bootstrap, "frozen", b"nobody hears this", seconds=1)
            kafka.thaw()
            send(kafka.bootstrap, "frozen", b"hello again")
            assert folder.is_dir()
        assert not alive(pid)
        assert not folder.exists()

    @pytest.mark.usefixtures("kafka_jars_or_skip")
    def test_in_the_foreground_says_its_address_and_goes_with_a_killed_parent(self) -> None:
        command = [sys.executable, "-m", "devkit.broker", "kafka", "--topic", "greetings:2"]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as foreground:
            try:
                assert foreground.stdout is not None
                bootstrap = foreground.stdout.readline().decode().strip()
                send(bootstrap, "greetings", b"hello")
                broker = int(children_of(foreground.pid)[0])
            finally:
                foreground.kill()
        until(lambda: not alive(broker))

    def test_that_cannot_start_says_what_it_said(self, kafka: RealKafka) -> None:
        assert kafka.running
        with (
            pytest.raises(ChildError, match="nonsense"),
            real_kafka(properties={"process.roles": "nonsense"}),
        ):
            pass


def children_of(pid: int) -> list[str]:
    threads = Path(f"/proc/{pid}/task").iterdir()
    return [child for thread in threads for child in (thread / "children").read_text().split()]
