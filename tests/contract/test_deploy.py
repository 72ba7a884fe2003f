"""What cannot be run here, for want of a Docker engine, at least names only what exists."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from agents.cli import cli
from agents.settings import load

ROOT = Path(__file__).resolve().parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text()
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
ROLES = sorted(name for name, service in SERVICES.items() if "build" in service)


def environment(service: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(value) for name, value in service.get("environment", {}).items()}


def test_the_compose_file_runs_kafka_redis_and_a_worker() -> None:
    assert {"kafka", "redis", "worker", "population"} <= SERVICES.keys()


@pytest.mark.parametrize("role", ROLES)
def test_every_command_in_the_compose_file_exists(role: str) -> None:
    command: click.Command | None = cli
    for word in SERVICES[role]["command"]:
        assert isinstance(command, click.Group)
        command = command.get_command(click.Context(command), word)
        assert command is not None, f"{role}: no command {word!r}"
    assert not isinstance(command, click.Group)


@pytest.mark.parametrize("role", ROLES)
def test_every_setting_in_the_compose_file_is_known_and_accepted(role: str) -> None:
    given = environment(SERVICES[role])
    assert given.keys() == {name for name in given if name.startswith("HOLDFAST_")}
    settings = load(environ=given)
    assert settings.kafka.bootstrap_servers == ("kafka:19092",)


def test_the_image_sets_only_settings_that_are_known() -> None:
    given = dict(re.findall(r"(HOLDFAST_\w+)=(\S+)", DOCKERFILE))
    assert given
    assert str(load(environ=given).data_dir) == given["HOLDFAST_DATA_DIR"]


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_every_port_is_open_to_this_machine_only(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", []))


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - set(ROLES)))
def test_every_image_of_others_has_a_fixed_version(name: str) -> None:
    assert re.fullmatch(r"[\w/]+:\d+\.\d+[\w.-]*", SERVICES[name]["image"])


def test_services_wait_only_for_services_that_can_be_waited_for() -> None:
    for service in SERVICES.values():
        for other, how in service.get("depends_on", {}).items():
            healthy = how["condition"] == "service_healthy"
            assert "healthcheck" in SERVICES[other] if healthy else SERVICES[other]["restart"] == "no"


@pytest.mark.parametrize("name", ["worker", "population"])
def test_the_health_check_asks_the_admin_server_where_it_listens(name: str) -> None:
    worker = SERVICES[name]
    admin = load(environ=environment(worker)).admin
    assert f"http://{admin.host}:{admin.port}/livez" in worker["healthcheck"]["test"][-1]


@pytest.mark.parametrize("role", ROLES)
def test_a_role_may_write_nowhere_but_in_tmp(role: str) -> None:
    assert SERVICES[role]["read_only"] is True
    assert SERVICES[role]["tmpfs"] == ["/tmp"]
    assert SERVICES[role]["cap_drop"] == ["ALL"]


def test_the_image_copies_only_what_exists_and_what_the_ignore_file_lets_through() -> None:
    kept = (ROOT / "deploy" / "Dockerfile.dockerignore").read_text()
    sources = re.findall(r"^COPY (?!--from)(\S+) ", DOCKERFILE, re.MULTILINE)
    assert sources
    assert all((ROOT / source).exists() and f"!{source}\n" in kept for source in sources)


def test_the_image_is_not_root_and_installs_by_hash() -> None:
    assert re.findall(r"^USER (.*)$", DOCKERFILE, re.MULTILINE) == ["10001:10001"]
    assert "--require-hashes --only-binary :all: -r /requirements.lock" in DOCKERFILE
