"""Facts, version 1: what is in force, for those who come later, and who owns which partition.

The topic is compacted, so the key says what a fact is about. What control decides is repeated here in the
same form; only an owner is said here alone.
"""

from typing import Annotated, Final

from msgspec import Meta, Struct

from .control import OffersFact, PolicyFact, PopulationFact, SourceFact, decode_control, encode
from .form import Form
from .reject import Reason, Rejection

InForce = PolicyFact | OffersFact | PopulationFact | SourceFact


class Owner(Struct, kw_only=True):
    """The worker that owns a partition: its admin server, and the epoch since which it is the owner."""

    v: int = 1
    url: str
    epoch: Annotated[int, Meta(ge=0)]


Fact = InForce | Owner

OWNER: Final = Form(Owner)
_OWNER_KEY: Final = "owner:"


def fact_records(fact: InForce) -> list[tuple[bytes, bytes]]:
    """Give the keys and values under which a fact is kept.

    A policy is kept twice: as the one in force, and under its version for whoever explains an older decision.
    """
    value = encode(fact)
    return [(key.encode(), value) for key in keys_of(fact)]


def keys_of(fact: InForce) -> tuple[str, ...]:
    """Give the keys under which a fact is kept."""
    match fact:
        case PolicyFact():
            return ("policy", f"policy:{fact.version}")
        case SourceFact():
            return (f"source:{fact.source}",)
        case OffersFact() | PopulationFact():
            return (fact.kind,)


def owner_record(partition: int, owner: Owner) -> tuple[bytes, bytes]:
    """Give the key and value that say who owns a partition."""
    return owner_key(partition).encode(), OWNER.encode(owner)


def owner_key(partition: int) -> str:
    """Give the key under which a partition's owner is kept."""
    return f"{_OWNER_KEY}{partition}"


def owned_partition(key: bytes | None) -> int | None:
    """Read the partition out of the key of an owner; ``None`` for the key of anything else."""
    number = (key or b"").removeprefix(_OWNER_KEY.encode())
    return int(number) if number != key and number.isdigit() and len(number) < len("2147483648") else None


def decode_fact(key: bytes | None, value: bytes | None) -> Fact | Rejection:
    """Read a fact; whatever the bytes are, nothing is raised.

    Returns:
        The fact; or why it cannot be used: `key` where the key is not that of the value.
    """
    if not key:
        return Rejection(Reason.KEY)
    if owned_partition(key) is not None:
        return OWNER.decode(value)
    fact = decode_control(value)
    if isinstance(fact, Rejection):
        return fact
    if isinstance(fact, InForce) and key in {name.encode() for name in keys_of(fact)}:
        return fact
    return Rejection(Reason.KEY)
