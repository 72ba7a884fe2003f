"""Asks the worker that owns a customer why: found by the partition on ``facts.v1`` (wire.md, Why)."""

import asyncio
from typing import Final
from urllib.parse import quote

import aiohttp
import msgspec
from yarl import URL

from streams.topics import Catalogue
from streams.wire.facts import Owner, owner_key
from streams.wire.partition import partition_of
from streams.wire.why import Why, decode_why

from .errors import CommandFailedError, ConfigurationError, InfrastructureError
from .facts import facts_in_force
from .settings import Settings

WITHIN: Final = 10.0
"""Seconds for which an owner may not answer: a rebalance, a restart, a short recovery."""
_AGAIN: Final = 0.5
_ANSWER: Final = aiohttp.ClientTimeout(total=5.0)
_MOVING: Final = (404, 503)
"""The worker that was asked does not own the partition (any more), or is not ready for it yet."""


async def ask_why(settings: Settings, catalogue: Catalogue, customer_id: str, within: float = WITHIN) -> Why:
    """What the owner of a customer says.

    Args:
        settings: of the process; ``admin.token`` is sent along where there is one.
        catalogue: the topics.
        customer_id: whose story it is.
        within: seconds to try again while nobody answers: the partition may be moving.

    Raises:
        CommandFailedError: nobody owns the partition.
        ConfigurationError: the owner wants another token.
        InfrastructureError: Kafka or the owner cannot be reached.
    """
    number = partition_of(customer_id.encode(), catalogue.control.partitions)
    end = asyncio.get_running_loop().time() + within
    while True:
        owner = (await facts_in_force(settings, catalogue)).get(owner_key(number))
        if not isinstance(owner, Owner):
            raise CommandFailedError(
                f"no worker has ever owned partition {number}, to which this customer belongs",
                "start one: python -m agents worker detect",
            )
        try:
            return await _ask(settings, owner.url, number, customer_id)
        except InfrastructureError:
            if asyncio.get_running_loop().time() + _AGAIN > end:
                raise
        await asyncio.sleep(_AGAIN)


async def _ask(settings: Settings, url: str, number: int, customer_id: str) -> Why:
    """One question to one worker."""
    token = settings.admin.token
    headers = {"Authorization": f"Bearer {token.get_secret_value()}"} if token is not None else {}
    try:
        async with (
            aiohttp.ClientSession(timeout=_ANSWER, headers=headers) as session,
            session.get(_place(url, customer_id), allow_redirects=False) as answer,
        ):
            return _read(answer.status, await answer.read(), url, number)
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        raise InfrastructureError(
            f"the worker at {url}, which owns partition {number}, does not answer: {type(error).__name__}",
            "does it run? Its admin server is on loopback unless admin.host and admin.url say otherwise: "
            "then ask from its own machine",
        ) from None


def _place(url: str, customer_id: str) -> URL:
    """Where a customer is asked about; an id of dots alone would else be taken for a folder."""
    return URL(f"{url}/why/{quote(customer_id, safe='').replace('.', '%2E')}", encoded=True)


def _read(status: int, body: bytes, url: str, number: int) -> Why:
    """What an answer means."""
    if status == 401:  # noqa: PLR2004 - unauthorised
        raise ConfigurationError(
            f"the worker at {url} does not accept this token",
            "set admin.token (HOLDFAST_ADMIN__TOKEN or HOLDFAST_ADMIN__TOKEN_FILE) to that of the workers",
        )
    if status in _MOVING:
        raise InfrastructureError(
            f"partition {number} does not settle: the worker at {url} does not answer for it now",
            "try again; /readyz of the workers says what they wait for",
        )
    try:
        if status == 200:  # noqa: PLR2004 - well
            return decode_why(body)
    except msgspec.DecodeError:
        pass
    raise InfrastructureError(
        f"what the worker at {url} answers for partition {number} cannot be read (status {status})",
        "has it another version than this command? Use the same",
    )
