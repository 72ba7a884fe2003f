"""Why over HTTP: the owner answers, whoever asks wrongly is told the way out, and nobody is logged."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Any

import aiohttp
import pytest
from pydantic import SecretStr

from agents import asking
from agents.adapters.admin import AdminServer, Asked, start_admin
from agents.adapters.metrics import Metrics
from agents.asking import ask_why
from agents.errors import CommandFailedError, ConfigurationError, InfrastructureError
from agents.settings import Settings
from agents.settings.model import Admin
from streams.topics import catalogue
from streams.wire.facts import Owner, owner_key
from streams.wire.partition import partition_of
from streams.wire.why import Why, encode_why
from tests.integration.test_admin_server import TOKEN, PretendStatus

TOPICS = catalogue(partitions=2)
NAMES = ("c-42", "a/b", "..", "100%", "%2F", "müller & söhne", "?x=1#y", "ключ", "a b+c", ".", "🙂" * 30)


def answer(who: str) -> Why:
    return Why(
        customer_id=who,
        at="2026-11-21T10:00:00.000Z",
        first_seen=None,
        stage="steady",
        policy="p",
        surfaces={},
        channels={},
        rows=[],
    )


def well(who: str) -> tuple[HTTPStatus, bytes]:
    return HTTPStatus.OK, encode_why(answer(who))


@asynccontextmanager
async def owner(why: Asked | None, token: str | None = None) -> AsyncGenerator[AdminServer]:
    admin = Admin(token=SecretStr(token) if token else None)
    server = await start_admin(Settings(admin=admin), PretendStatus, Metrics(), why=why)
    try:
        yield server
    finally:
        await server.stop()


def say_who_owns(monkeypatch: pytest.MonkeyPatch, url: str | None) -> None:
    async def facts(_settings: Settings, _topics: Any) -> dict[str, Any]:  # noqa: ANN401 - any catalogue
        return {owner_key(n): Owner(url=url, epoch=1) for n in range(2)} if url else {}

    monkeypatch.setattr(asking, "facts_in_force", facts)


@pytest.mark.parametrize("who", NAMES)
async def test_the_owner_is_asked_about_any_customer(monkeypatch: pytest.MonkeyPatch, who: str) -> None:
    async with owner(well) as server:
        say_who_owns(monkeypatch, server.url)
        assert await ask_why(Settings(), TOPICS, who) == answer(who)


async def test_the_token_goes_along_and_a_wrong_one_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async with owner(well, TOKEN) as server:
        say_who_owns(monkeypatch, server.url)
        with_token = Settings(admin=Admin(token=SecretStr(TOKEN)))
        assert (await ask_why(with_token, TOPICS, "c-42")).customer_id == "c-42"
        for settings in (Settings(), Settings(admin=Admin(token=SecretStr(TOKEN[::-1])))):
            with pytest.raises(
                ConfigurationError, match=r"does not accept this token[\s\S]*HOLDFAST_ADMIN__TOKEN"
            ):
                await ask_why(settings, TOPICS, "c-42")


async def test_without_an_owner_the_way_out_is_to_start_one(monkeypatch: pytest.MonkeyPatch) -> None:
    say_who_owns(monkeypatch, None)
    number = partition_of(b"c-42", 2)
    with pytest.raises(CommandFailedError, match=rf"partition {number}[\s\S]*worker detect") as error:
        await ask_why(Settings(), TOPICS, "c-42")
    assert "c-42" not in str(error.value)


async def test_an_owner_that_does_not_answer_is_named_with_its_address(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with owner(well) as server:
        gone = server.url
    say_who_owns(monkeypatch, gone)
    with pytest.raises(InfrastructureError, match=rf"{gone}[\s\S]*admin\.url") as error:
        await ask_why(Settings(), TOPICS, "c-42", within=0.0)
    assert "c-42" not in str(error.value)


async def test_a_partition_that_moves_is_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    said = iter((HTTPStatus.NOT_FOUND, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.OK))

    def moving(who: str) -> tuple[HTTPStatus, bytes]:
        return next(said), encode_why(answer(who))

    async with owner(moving) as server:
        say_who_owns(monkeypatch, server.url)
        assert (await ask_why(Settings(), TOPICS, "c-42")).customer_id == "c-42"
    assert next(said, None) is None


async def test_an_answer_of_another_version_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async with owner(lambda _: (HTTPStatus.OK, b"{}")) as server:
        say_who_owns(monkeypatch, server.url)
        with pytest.raises(InfrastructureError, match="another version"):
            await ask_why(Settings(), TOPICS, "c-42", within=0.0)


async def test_a_role_without_customers_says_so() -> None:
    async with (
        owner(None) as server,
        aiohttp.ClientSession(server.url) as session,
        session.get("/why/c-42") as found,
    ):
        assert found.status == HTTPStatus.NOT_FOUND
        assert json.loads(await found.text()) == {"error": "this role owns no customers"}


async def test_who_is_asked_about_stands_in_no_log(capfd: pytest.CaptureFixture[str]) -> None:
    def fails(_who: str) -> tuple[HTTPStatus, bytes]:
        raise KeyError("internal")

    for why in (well, fails):
        async with (
            owner(why) as server,
            aiohttp.ClientSession(server.url) as session,
            session.get("/why/somebody-in-particular"),
        ):
            pass
    said = capfd.readouterr()
    assert "somebody-in-particular" not in said.out + said.err
