"""The jars of Apache Kafka: fetched once by Maven into `.cache/kafka`, and why they may be missing."""

import fcntl
import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
POM = Path(__file__).with_name("pom.xml")
CACHE = ROOT / ".cache" / "kafka"
OLDEST_JAVA = 17  # Apache Kafka 4 runs its broker on nothing older
MAVEN_SECONDS = 600


class KafkaUnavailableError(RuntimeError):
    """There is no Apache Kafka to be had on this machine; the message says what is missing."""


def kafka_available() -> str | None:
    """Say why a real Kafka cannot run here, or None if it can (its jars may still have to be fetched)."""
    java = _java_version()
    if java is None:
        return "no java on the PATH: a real Kafka needs Java 17 or newer"
    if java < OLDEST_JAVA:
        return f"java is version {java}: a real Kafka needs 17 or newer"
    if not jars_folder().is_dir() and shutil.which("mvn") is None:
        return "no mvn on the PATH and no Kafka jars fetched yet: Maven fetches them once"
    return None


def kafka_jars() -> Path:
    """The folder of jars, fetched now if need be.

    Raises:
        KafkaUnavailableError: Something is missing, or Maven could not fetch them.
    """
    missing = kafka_available()
    if missing:
        raise KafkaUnavailableError(missing)
    folder = jars_folder()
    if folder.is_dir():
        return folder
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:  # two test runs may want them at the same moment
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.is_dir():
            _fetch(folder)
    return folder


def jars_folder() -> Path:
    """Where the jars are, or will be."""
    # named by what was asked for, so that another version of Kafka gets a folder of its own
    return CACHE / f"jars-{hashlib.blake2b(POM.read_bytes(), digest_size=6).hexdigest()}"


def _fetch(folder: Path) -> None:
    # Maven works on a copy beside the cache, and the finished folder appears at once: never a half one
    with tempfile.TemporaryDirectory(dir=CACHE) as work:
        shutil.copy(POM, work)
        goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory=jars"]
        command = ["mvn", "-q", "-B", *goal]
        print("Fetching Apache Kafka with Maven (54 MB, once)", file=sys.stderr, flush=True)
        try:
            done = subprocess.run(
                command, cwd=work, capture_output=True, text=True, timeout=MAVEN_SECONDS, check=False
            )
        except subprocess.TimeoutExpired as late:
            raise KafkaUnavailableError(f"Maven did not fetch Kafka within {MAVEN_SECONDS} s") from late
        if done.returncode:
            raise KafkaUnavailableError(
                f"Maven could not fetch Kafka:\n{done.stdout[-2000:]}{done.stderr[-2000:]}"
            )
        (Path(work) / "jars").rename(folder)


def _java_version() -> int | None:
    if shutil.which("java") is None:
        return None
    told = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False).stderr
    found = re.search(r'version "(?:1\.)?(\d+)', told)
    return int(found.group(1)) if found else None
