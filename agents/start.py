"""What must be true before a worker joins its group; else it is refused, with the reason and the way out."""

import asyncio
from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    GroupCoordinatorNotAvailableError,
    GroupLoadInProgressError,
    NotCoordinatorForGroupError,
)

from streams.tables import app_id
from streams.topics import Catalogue, catalogue

from .adapters.described import DescribedGroup, describe_group
from .adapters.kafka import Untyped, client_options, connected
from .channels import channels_in_use
from .errors import ConfigurationError, InfrastructureError
from .lane.claiming import claim_of
from .lane.loss import OPTION, Accepted, Loss
from .lane.reader import LogReader
from .lane.survey import Survey, last_cuts
from .rights import refuse, worker_rights
from .settings import Settings
from .topics import verify

_AGAIN = 0.25
_ELECTED = (GroupCoordinatorNotAvailableError, GroupLoadInProgressError, NotCoordinatorForGroupError)


async def check_topics(settings: Settings) -> Catalogue:
    """Refuse to start without a topic or a right: Faust takes a forbidden topic for empty, and gets ready.

    Returns:
        The topics, with those of the channels of the policy in force.

    Raises:
        ConfigurationError: topics or rights are missing, or topics do not fit.
        InfrastructureError: Kafka cannot be reached.
    """
    prefix, partitions = settings.topics.prefix, settings.topics.partitions
    ours = catalogue(prefix, partitions)
    await verify(settings, ours.all, worker_rights(ours))
    whole = catalogue(prefix, partitions, await channels_in_use(settings))
    if whole.commands.keys() != ours.commands.keys():
        await verify(settings, whole.all, worker_rights(whole))
    return whole


async def check_group(settings: Settings, topics: Catalogue) -> DescribedGroup | None:
    """Refuse to start without the right to join: Faust would try for ever.

    Returns:
        The group; ``None`` if the broker does not tell.

    Raises:
        ConfigurationError: the right is missing.
        InfrastructureError: Kafka cannot be reached, or nobody coordinates the group.
    """
    name = app_id(topics.prefix)
    async with _admin(settings) as admin:
        try:
            group = await _described(admin, name, settings.kafka.rebalance_timeout / 1000)
        except GroupAuthorizationFailedError:
            refuse([f"Read on group {name}"])
            raise
    if group is not None and group.operations is not None and "Read" not in group.operations:
        refuse([f"Read on group {name}"])
    return group


async def check_standing(settings: Settings, topics: Catalogue, accepted: Accepted) -> list[Loss]:
    """Refuse to start where going on would lose data; what is accepted is what is missing now, and no more.

    Returns:
        What is missing, and accepted.

    Raises:
        DataLossError: something is missing that was not accepted, or cannot be done without.
        ConfigurationError: the topics had another number of partitions.
    """
    connection = client_options(settings.kafka)
    found = await Survey(connection, topics).whole()
    cuts = await last_cuts(LogReader(connection), topics, found.values())
    losses = [
        loss for number, one in found.items() for loss in claim_of(topics, one, cuts.get(number)).losses
    ]
    accepted.only(losses)
    return losses


def accept(topics: Catalogue, names: Collection[str]) -> Accepted:
    """What a person accepts to lose, checked.

    Raises:
        ConfigurationError: a name is none whose loss can be accepted.
    """
    can = [*(topic.name for topic in topics.inputs), topics.control.name, app_id(topics.prefix)]
    for name in names:
        if name not in can:
            raise ConfigurationError(
                f"{OPTION} {name}: that cannot be accepted", f"these can: {', '.join(can)}"
            )
    return Accepted(names)


async def _described(admin: Untyped, name: str, within: float) -> DescribedGroup | None:
    """The group; the first question of all makes Kafka elect its coordinator, which takes a moment."""
    end = asyncio.get_running_loop().time() + within
    while True:
        try:
            return await describe_group(admin, name)
        except _ELECTED as error:
            if asyncio.get_running_loop().time() > end:
                raise InfrastructureError(f"no broker coordinates the group {name}: {error}") from None
        await asyncio.sleep(_AGAIN)


@asynccontextmanager
async def _admin(settings: Settings) -> AsyncGenerator[Untyped]:
    admin = AIOKafkaAdminClient(**client_options(settings.kafka))
    async with connected(admin, admin.close, settings.kafka):
        yield admin
