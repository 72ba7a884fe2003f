"""TLS, passwords, client certificates and rights, on a real Kafka: who may not come in is told why."""

import os
import ssl
import subprocess
import sys
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from socket import create_server
from uuid import uuid4

import pytest
import trustme

from agents.cli import main
from agents.rights import worker_rights
from devkit.broker.secured import USERS, Certificates, SecuredKafka, certificates
from streams.topics import Catalogue
from tests.support.topics import make_topics, producer
from tests.support.worker import QUICK, ROOT, Worker, wait_until

pytestmark = [pytest.mark.kafka, pytest.mark.slow, pytest.mark.timeout(600)]

PARTITIONS = 2
KAFKA = "HOLDFAST_KAFKA__"
PLANTED = "planted-secret-4711"
EVERYWHERE = {
    "HOLDFAST_ADMIN__TOKEN": f"{PLANTED}-token",
    "HOLDFAST_REDIS__URL": f"redis://user:{PLANTED}-redis@127.0.0.1:1/0",
    "HOLDFAST_LOGS__LEVEL": "debug",
}


class Detect(Worker):
    """A worker of the product, started by our own command line."""

    def __init__(
        self, kafka: SecuredKafka, topics: Catalogue, folder: Path, login: Mapping[str, str]
    ) -> None:
        super().__init__(kafka.bootstrap, topics.prefix, PARTITIONS, folder, settings=login)
        self._command = [sys.executable, "-m", "agents", "worker", "detect"]


@pytest.fixture(scope="module")
def topics(secured: SecuredKafka) -> Catalogue:
    """Topics with the rights of `topics acl`, and no more."""
    made = make_topics(secured.kafka, "brand", PARTITIONS)
    for right in worker_rights(made):
        secured.allow("worker", right.resource, right.name, *right.operations)
    return made


@pytest.mark.parametrize("how", ["SCRAM-SHA-256", "SCRAM-SHA-512", "PLAIN", "mTLS"])
def test_a_worker_that_proves_who_it_is_gets_ready_and_reads(
    secured: SecuredKafka, topics: Catalogue, tmp_path: Path, how: str
) -> None:
    worker = Detect(secured, topics, tmp_path, secured.login(how))
    try:
        worker.start().wait_ready()
        before = read(worker)
        sender = producer(secured.bootstrap)
        sender.produce(topics.name("events.web"), b"no event, and so a reject", b"somebody", 0)
        assert sender.flush(30) == 0
        wait_until(lambda: read(worker) == before + 1, "the event was read")
        assert worker.stop() == 0
        assert "reached in plain text" not in worker.said
    finally:
        worker.close()


def read(worker: Worker) -> int:
    """Records with an outcome, those included that owners before have counted."""
    entries = [entry for part in worker.partitions() for entry in part["inputs"]]
    return sum(entry["accepted"] + entry["rejected"] for entry in entries)


# -- what a failing start says


@pytest.fixture
def foreign(tmp_path: Path) -> Certificates:
    """Certificates of an authority that the brokers do not know."""
    return certificates(trustme.CA(), tmp_path / "foreign", "localhost", common_name="worker")


def without(login: Mapping[str, str], *names: str) -> dict[str, str]:
    return {name: value for name, value in login.items() if not name.removeprefix(KAFKA).startswith(names)}


def wrongly(kafka: SecuredKafka, foreign: Certificates, what: str) -> dict[str, str]:
    """The settings of somebody who gets one thing wrong."""
    scram, mtls = kafka.login("SCRAM-SHA-512"), kafka.login("mTLS")
    by_address = f"127.0.0.1:{kafka.sasl.rpartition(':')[2]}"
    return {
        "password": scram | {f"{KAFKA}SASL_PASSWORD": "wrong"},
        "password, PLAIN": kafka.login("PLAIN") | {f"{KAFKA}SASL_PASSWORD": "wrong"},
        "user": scram | {f"{KAFKA}SASL_USERNAME": "nobody"},
        "authority": scram | {f"{KAFKA}SSL_CAFILE": str(foreign.authority)},
        "host name": scram | {f"{KAFKA}BOOTSTRAP_SERVERS": by_address},
        "TLS to plain text": scram | {f"{KAFKA}BOOTSTRAP_SERVERS": kafka.bootstrap},
        "plain text to TLS": {f"{KAFKA}BOOTSTRAP_SERVERS": kafka.sasl},
        "no user": without(scram, "SASL") | {f"{KAFKA}SECURITY_PROTOCOL": "SSL"},
        "user where none is wanted": scram | without(mtls, "SECURITY"),
        "no client certificate": without(mtls, "SSL_CERT", "SSL_KEY"),
        "a stranger's client certificate": mtls
        | {f"{KAFKA}SSL_CERTFILE": str(foreign.certificate), f"{KAFKA}SSL_KEYFILE": str(foreign.key)},
        "nothing listens": {f"{KAFKA}BOOTSTRAP_SERVERS": "127.0.0.1:1"},
        "unknown host": scram | {f"{KAFKA}BOOTSTRAP_SERVERS": "kafka.invalid:9092"},
        "one address of two": scram
        | {f"{KAFKA}BOOTSTRAP_SERVERS": f"127.0.0.1:1,{kafka.sasl}", f"{KAFKA}SASL_PASSWORD": "wrong"},
    }[what]


@pytest.mark.parametrize(
    ("what", "code", "why", "way_out"),
    [
        ("password", 64, "it refuses the user worker or the password (SCRAM-SHA-512)", "sasl_password"),
        ("password, PLAIN", 64, "it refuses the user worker or the password (PLAIN)", "sasl_password"),
        ("user", 64, "it refuses the user nobody or the password", "sasl_username"),
        ("authority", 64, "not signed by an authority that we trust", "kafka.ssl_cafile"),
        ("host name", 64, "its certificate is for another host name", "kafka.bootstrap_servers"),
        ("TLS to plain text", 64, "it speaks plain text on this port", "TLS port"),
        ("plain text to TLS", 64, "it speaks TLS on this port", "kafka.security_protocol"),
        ("no user", 64, "it wants a user and a password", "SASL_SSL"),
        ("user where none is wanted", 64, "it takes no user and password", "kafka.security_protocol to SSL"),
        ("no client certificate", 64, "it wants a client certificate", "kafka.ssl_certfile"),
        ("a stranger's client certificate", 64, "it refuses our client certificate", "kafka.ssl_certfile"),
        ("nothing listens", 70, "nothing listens there", "is it running"),
        ("unknown host", 70, "the host name is not known", "kafka.bootstrap_servers"),
        ("one address of two", 64, "nothing listens there", "sasl_password"),
    ],
)
@pytest.mark.usefixtures("_settings")
def test_a_start_that_fails_says_why_and_what_to_do(
    secured: SecuredKafka,
    foreign: Certificates,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    what: str,
    code: int,
    why: str,
    way_out: str,
) -> None:
    for name, value in wrongly(secured, foreign, what).items():
        monkeypatch.setenv(name, value)
    assert main(["topics", "plan"]) == code
    told = capsys.readouterr().err
    assert told.startswith("error: cannot reach Kafka at ")
    assert why in told
    assert way_out in told
    assert "Traceback" not in told


@pytest.fixture
def _settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith("HOLDFAST_"):
            monkeypatch.delenv(name)
    for name, value in QUICK.items():
        monkeypatch.setenv(name, value)


@contextmanager
def tls_server(context: ssl.SSLContext) -> Generator[int]:
    """Somebody who speaks TLS in a certain way, and nothing in it."""
    with create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                try:
                    with context.wrap_socket(connection, server_side=True) as secured:
                        secured.recv(1)
                except OSError:
                    connection.close()

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(2)
        server.close()
        thread.join(10)


def over_tls(monkeypatch: pytest.MonkeyPatch, port: int, authority: trustme.CA, folder: Path) -> None:
    authority.cert_pem.write_to_path(folder / "ca.pem")
    monkeypatch.setenv(f"{KAFKA}BOOTSTRAP_SERVERS", f"localhost:{port}")
    monkeypatch.setenv(f"{KAFKA}SECURITY_PROTOCOL", "SSL")
    monkeypatch.setenv(f"{KAFKA}SSL_CAFILE", str(folder / "ca.pem"))


@pytest.mark.usefixtures("_settings")
@pytest.mark.parametrize(("day", "why"), [(-1, "has expired"), (3, "is not valid yet")])
def test_a_certificate_out_of_its_time_says_so(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    day: int,
    why: str,
) -> None:
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    end = datetime.now(UTC) + timedelta(days=day)
    issued = authority.issue_cert("localhost", not_before=end - timedelta(days=1), not_after=end)
    issued.configure_cert(context)
    with tls_server(context) as port:
        over_tls(monkeypatch, port, authority, tmp_path)
        assert main(["topics", "plan"]) == 64
    assert f"its certificate {why}" in capsys.readouterr().err


@pytest.mark.usefixtures("_settings")
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1")
def test_nothing_older_than_tls_1_2_is_spoken(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with tls_server(context) as port:
        over_tls(monkeypatch, port, authority, tmp_path)
        assert main(["topics", "plan"]) == 64
    assert "no TLS of version 1.2 or newer" in capsys.readouterr().err


# -- secrets


@pytest.mark.parametrize("what", ["password", "password, PLAIN", "TLS to plain text", "nothing listens"])
def test_no_output_of_a_failing_start_holds_a_secret(
    secured: SecuredKafka, foreign: Certificates, tmp_path: Path, what: str
) -> None:
    """Every line that there is: the worker's own, the libraries', tracebacks, and what commands answer."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("HOLDFAST_")}
    secret = tmp_path / "password"
    secret.write_text(f"{PLANTED}-password\n", encoding="utf-8")
    settings = without(wrongly(secured, foreign, what), "SASL_PASSWORD")
    env |= {**QUICK, **EVERYWHERE, **settings} | {f"{KAFKA}SASL_PASSWORD_FILE": str(secret)}
    said = ""
    for command in (["worker", "detect"], ["topics", "apply"], ["config", "show"]):
        done = subprocess.run(
            [sys.executable, "-X", "dev", "-m", "agents", *command],
            cwd=ROOT,
            env=env,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == {"config": 0}.get(command[0], 70 if what == "nothing listens" else 64)
        said += done.stdout + done.stderr
    assert "kafka.sasl_password" in said, "config show names the setting"
    assert PLANTED not in said


def test_a_user_who_may_not_come_in_is_not_tried_again_and_again(
    secured: SecuredKafka, topics: Catalogue, tmp_path: Path
) -> None:
    login = secured.login("SCRAM-SHA-512") | {f"{KAFKA}SASL_PASSWORD": PLANTED}
    worker = Detect(secured, topics, tmp_path, login)
    try:
        assert worker.start().wait_end() == 64
        assert PLANTED not in worker.said
        assert USERS["worker"] not in worker.said
    finally:
        worker.close()


@pytest.mark.usefixtures("_settings")
def test_plain_text_across_a_network_is_spoken_only_when_said(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(f"{KAFKA}BOOTSTRAP_SERVERS", "kafka.invalid:9092")
    assert main(["topics", "plan"]) == 64
    assert "kafka.allow_plaintext" in capsys.readouterr().err
    monkeypatch.setenv(f"{KAFKA}ALLOW_PLAINTEXT", "true")
    assert main(["topics", "plan"]) == 70
    assert "the host name is not known" in capsys.readouterr().err


# -- rights


@pytest.mark.parametrize(
    ("resource", "short", "right"),
    [("topic", "events.app", "Read"), ("topic", "signals", "Write"), ("group", "detect", "Read")],
)
def test_a_right_that_is_taken_away_ends_a_running_worker_with_its_name(
    secured: SecuredKafka, topics: Catalogue, tmp_path: Path, resource: str, short: str, right: str
) -> None:
    name = f"{topics.prefix}-{short}" if resource == "group" else topics.name(short)
    worker = Detect(secured, topics, tmp_path, secured.login("SCRAM-SHA-512"))
    try:
        worker.start().wait_ready()
        secured.forbid("worker", resource, name, right)
        assert worker.wait_end() == 64
        assert name in worker.said
        assert "topics acl" in worker.said
    finally:
        secured.allow("worker", resource, name, right)
        worker.close()


def test_a_worker_without_rights_names_each_topic_and_what_is_missing(
    secured: SecuredKafka, tmp_path: Path
) -> None:
    """Faust alone ignores a topic that it may not read, and gets ready."""
    topics = make_topics(secured.kafka, f"poor{uuid4().hex[:6]}", PARTITIONS)
    for right in worker_rights(topics):
        lost = {
            topics.inputs[0].name: {"Read"},
            topics.changelog.name: {"Write"},
            topics.signals.name: {"Write"},
        }
        kept = set(right.operations) - lost.get(right.name, set()) | {"Describe"}
        if right.resource == "group":
            secured.allow("worker", right.resource, right.name, *right.operations)
        elif right.name != topics.inputs[1].name:
            secured.allow("worker", right.resource, right.name, *sorted(kept))
    worker = Detect(secured, topics, tmp_path, secured.login("SCRAM-SHA-256"))
    try:
        assert worker.start().wait_end() == 64
        for line in (
            f"Read on topic {topics.inputs[0].name}",
            f"Read, DescribeConfigs on topic {topics.inputs[1].name}",
            f"Write on topic {topics.changelog.name}",
            f"Write on topic {topics.signals.name}",
            "topics acl",
        ):
            assert line in worker.said
        assert topics.control.name not in worker.said
    finally:
        worker.close()
