"""The admin server answers what is true, to those who may ask, and opens one port."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus

import aiohttp
import pytest
from pydantic import SecretStr

from agents.adapters.admin import HEADERS, AdminServer, start_admin
from agents.adapters.metrics import Metrics
from agents.errors import InfrastructureError
from agents.settings import Settings
from agents.settings.model import Admin
from streams.metrics import CUTS
from tests.support.ports import listening_ports

TOKEN = "a-token-that-is-long-enough"
PATHS = ("/livez", "/readyz", "/metrics", "/partitions", "/why/c-42")


@dataclass
class PretendStatus:
    """A worker that says of itself what the test wants."""

    ready: bool = True
    reason: str = ""
    alive: bool = True
    entries: list[dict[str, object]] = field(default_factory=list)

    def partitions(self) -> list[dict[str, object]]:
        return self.entries


def nothing_known(_customer_id: str) -> tuple[HTTPStatus, bytes]:
    return HTTPStatus.OK, b"{}"


@asynccontextmanager
async def running(
    status: PretendStatus | None = None, admin: Admin | None = None, metrics: Metrics | None = None
) -> AsyncGenerator[tuple[AdminServer, aiohttp.ClientSession]]:
    told = status or PretendStatus()
    server = await start_admin(
        Settings(admin=admin or Admin()), lambda: told, metrics or Metrics(), why=nothing_known
    )
    try:
        async with aiohttp.ClientSession(server.url) as session:
            yield server, session
    finally:
        await server.stop()


async def test_a_ready_worker_says_so() -> None:
    async with running() as (_, session):
        async with session.get("/livez") as answer:
            assert (answer.status, await answer.json()) == (200, {"alive": True})
        async with session.get("/readyz") as answer:
            assert (answer.status, await answer.json()) == (200, {"ready": True})


async def test_a_recovering_worker_is_alive_not_ready_and_says_why() -> None:
    status = PretendStatus(ready=False, reason="reading the changelog of partition 3")
    async with running(status) as (_, session):
        async with session.get("/livez") as answer:
            assert answer.status == 200
        async with session.get("/readyz") as answer:
            assert answer.status == 503
            assert await answer.json() == {"ready": False, "reason": "reading the changelog of partition 3"}
        status.ready = True
        async with session.get("/readyz") as answer:
            assert answer.status == 200


async def test_a_worker_that_only_a_restart_helps_is_neither_alive_nor_ready() -> None:
    async with running(PretendStatus(alive=False, reason="stuck")) as (_, session):
        for path in ("/livez", "/readyz"):
            async with session.get(path) as answer:
                assert answer.status == 503
                assert (await answer.json())["reason"] == "stuck"


async def test_partitions_are_told_in_the_form_of_the_wire() -> None:
    entries: list[dict[str, object]] = [{"partition": 0, "epoch": 812, "at": "…", "cut": 4711, "inputs": []}]
    async with running(PretendStatus(entries=entries)) as (_, session), session.get("/partitions") as answer:
        assert answer.content_type == "application/json"
        assert json.loads(await answer.text()) == {"role": "detect", "ready": True, "partitions": entries}


async def test_metrics_are_in_prometheus_text_form() -> None:
    metrics = Metrics()
    metrics.add(CUTS, 3, {"result": "executed"})
    async with running(metrics=metrics) as (_, session), session.get("/metrics") as answer:
        assert answer.content_type == "text/plain"
        assert 'holdfast_cuts_total{result="executed"} 3.0' in await answer.text()


@pytest.mark.parametrize("path", [*PATHS, "/", "/table/", "/router/", "/nowhere"])
async def test_every_answer_carries_the_protecting_headers(path: str) -> None:
    async with running() as (_, session), session.get(path) as answer:
        assert {name: answer.headers[name] for name in HEADERS} == HEADERS
        assert answer.status == (200 if path in PATHS else 404)


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_nothing_can_be_changed(method: str) -> None:
    async with running() as (_, session):
        for path in PATHS:
            async with session.request(method, path) as answer:
                assert answer.status == 405


class TestTheDoor:
    ADMIN = Admin(token=SecretStr(TOKEN))

    @pytest.mark.parametrize("path", [*PATHS, "/nowhere"])
    @pytest.mark.parametrize(
        "given",
        [
            None,
            "",
            "Bearer",
            "Bearer ",
            f"Basic {TOKEN}",
            f"Bearer {TOKEN}x",
            f"Bearer {TOKEN[:-1]}",
            "Bearer é",
        ],
    )
    async def test_without_the_token_nothing_is_told(self, path: str, given: str | None) -> None:
        async with running(admin=self.ADMIN) as (_, session):
            headers = {} if given is None else {"Authorization": given}
            async with session.get(path, headers=headers) as answer:
                assert answer.status == 401
                assert answer.headers["WWW-Authenticate"] == "Bearer"
                assert {name: answer.headers[name] for name in HEADERS} == HEADERS

    @pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
    async def test_with_the_token_all_is_told(self, scheme: str) -> None:
        async with running(admin=self.ADMIN) as (_, session):
            for path in PATHS:
                async with session.get(path, headers={"Authorization": f"{scheme} {TOKEN}"}) as answer:
                    assert answer.status == 200

    async def test_without_a_token_a_page_of_another_name_cannot_read_the_answers(self) -> None:
        async with running() as (_, session):
            async with session.get("/partitions", headers={"Host": "evil.example"}) as answer:
                assert answer.status == 421
            async with session.get("/partitions", headers={"Host": "localhost:1"}) as answer:
                assert answer.status == 200


async def test_it_listens_on_loopback_and_on_nothing_else() -> None:
    before = listening_ports()
    async with running() as (server, _):
        port = int(server.url.rpartition(":")[2])
        assert listening_ports() - before == {("127.0.0.1", port)}
        assert port != 0
    assert listening_ports() - before == set()


async def test_a_port_that_is_taken_is_told_with_the_way_out() -> None:
    async with running() as (server, _):
        port = int(server.url.rpartition(":")[2])
        with pytest.raises(InfrastructureError, match=f"127.0.0.1:{port}") as refused:
            await start_admin(Settings(admin=Admin(port=port)), PretendStatus, Metrics())
        assert "admin.port" in refused.value.way_out


async def test_it_can_be_stopped_twice_and_while_a_client_is_connected() -> None:
    async with running() as (server, session):
        async with session.get("/livez") as answer:
            assert answer.status == 200
        await asyncio.wait_for(server.stop(), 5)
        await server.stop()
