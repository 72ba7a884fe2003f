"""Which channels are in use, and so which command topics there have to be: the policy says it."""

from pathlib import Path

from streams.policy.model import Policy
from streams.policy.parse import from_document, load_policy
from streams.policy.problems import PolicyError
from streams.topics import CHANNELS, catalogue

from .errors import ConfigurationError
from .facts import policy_in_force
from .settings import Settings
from .topics import look


async def channels_in_use(settings: Settings, file: Path | None = None) -> tuple[str, ...]:
    """The channels of a policy file, or else of the policy in force, or else of the built-in one.

    A published policy that this version cannot read stops nobody here: each partition refuses it, says so,
    and keeps the one before.

    Raises:
        ConfigurationError: the file cannot be used.
        InfrastructureError: Kafka cannot be reached.
    """
    if file is not None:
        return channels_of(read_policy(file))
    ours = catalogue(settings.topics.prefix, settings.topics.partitions)
    if not (await look(settings, [ours.facts])).topics:
        return CHANNELS
    fact = await policy_in_force(settings, ours)
    if fact is None:
        return CHANNELS
    try:
        return channels_of(from_document(fact.document))
    except PolicyError:
        return CHANNELS


def channels_of(policy: Policy) -> tuple[str, ...]:
    """All channels that a policy may send on: the built-in ones first, then the brand's own by name."""
    return (*CHANNELS, *sorted(set(policy.channels) - set(CHANNELS)))


def read_policy(file: Path) -> Policy:
    """A policy from its file.

    Raises:
        ConfigurationError: the file cannot be used.
    """
    try:
        return load_policy(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:  # ValueError: not UTF-8, no TOML, or no policy
        what = error.strerror if isinstance(error, OSError) else "it is no valid policy"
        raise ConfigurationError(
            f"the policy {file} cannot be used: {what}", f"`policy check {file}` says what is wrong"
        ) from None
