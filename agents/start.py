"""What must be true before a worker joins its group; else it is refused, with the reason and the way out."""

from streams.topics import Catalogue, catalogue

from .channels import channels_in_use
from .rights import worker_rights
from .settings import Settings
from .topics import verify


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
