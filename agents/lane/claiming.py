"""What a new owner must find to go on where the last one stopped, and when it must refuse.

The committed control offset alone is the truth: the record below it is the last executed cut, and tells
epoch, number, time and ends; the note that was committed with it tells the same, and which topics it was
about. Where that does not fit what the topics hold, commits, records or topics were lost, and going on would
lose data in silence.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from streams.tables import app_id
from streams.topics import Catalogue
from streams.wire.control import Cut, decode_control

from ..errors import ConfigurationError, DataLossError
from .core import Record
from .cuts import Base
from .finding import FoundCut
from .loss import START_OVER, Loss
from .note import Note, read_note
from .partition import Claim

_RESTORE = f"restore the topic or the offsets of the group, or {START_OVER}"


class Place(NamedTuple):
    """What the broker says of one topic partition: committed offset of the group, first and next offset."""

    committed: int | None
    first: int
    end: int


class Found(NamedTuple):
    """What stands for one partition at the moment of a claim.

    Attributes:
        number: The partition.
        epoch: The offset of the claim's marker in the changelog.
        control: Of control.
        inputs: By full name, in the order of the catalogue.
        changelog: Of the changelog, of which no offset is committed.
        note: What was committed with the control offset.
        ids: Of the topics now, by full name; empty where the broker does not tell.
    """

    number: int
    epoch: int
    control: Place
    inputs: Mapping[str, Place]
    changelog: Place
    note: str | None = None
    ids: Mapping[str, str] = {}


def base_offset(topics: Catalogue, found: Found) -> int | None:
    """Where the last executed cut stands on control; ``None`` if there is none, or it is no longer there."""
    committed, first, end = found.control
    if committed is None or not first < committed <= end:
        return None
    another = _is_another(found, read_note(found.note, committed), topics.control.name)
    return None if another else committed - 1


def base_of(records: Sequence[Record], offset: int, partition: int) -> Base:
    """The last executed cut.

    Raises:
        DataLossError: if there is no cut at that place.
    """
    record = decode_control(records[0].value) if records and records[0].offset == offset else None
    if not isinstance(record, Cut):
        raise DataLossError(
            f"control {partition} has no cut at {offset}, where the last one must be", _RESTORE
        )
    return Base(record.epoch, record.n, record.at, record.ends)


def claim_of(topics: Catalogue, found: Found, record: Base | None) -> Claim:
    """Put together what the new owner starts from, and what it will not find.

    Args:
        topics: The catalogue.
        found: What stands there.
        record: The last executed cut, if control still holds it.

    Raises:
        DataLossError: what is lost cannot be done without.
        ConfigurationError: the topics had another number of partitions.
    """
    control, note = found.control, read_note(found.note, found.control.committed)
    _check_count(topics, found.number, note)
    gone = _control_loss(topics, found, note)
    base = note.base if note is not None and (gone or record is None) else record
    if gone is not None and note is None and control.committed:
        raise DataLossError(f"{gone}, and with it what was carried out", _RESTORE)
    _check_changelog(topics, found, note, base)
    losses = [*([gone] if gone else []), *_input_losses(found, note, base)]
    lost = {loss.resource: loss.end for loss in losses}
    positions = {
        topic: lost.get(topic, _position(topic, place, base)) for topic, place in found.inputs.items()
    }
    start = control.first if gone or control.committed is None else control.committed
    former = {loss.resource: (note.ids if note else {}).get(loss.resource, "") for loss in losses}
    return Claim(
        found.epoch, control.committed, start, control.end, base, positions, tuple(losses), found.ids, former
    )


def _check_count(topics: Catalogue, number: int, note: Note | None) -> None:
    partitions = topics.control.partitions
    if note is not None and note.partitions != partitions:
        raise ConfigurationError(
            f"partition {number} was written with {note.partitions} partitions, now topics.partitions is "
            f"{partitions}: customers would no longer be where their rows are",
            f"set topics.partitions to {note.partitions}, or {START_OVER}",
        )


def _control_loss(topics: Catalogue, found: Found, note: Note | None) -> Loss | None:
    name, (committed, first, end) = topics.control.name, found.control
    if committed is None:
        return None
    if _is_another(found, note, name) or committed > end:
        return Loss(name, found.number, "anew", committed, first, _former(found, note, name))
    return Loss(name, found.number, "cut", committed, first) if committed < first else None


def _is_another(found: Found, note: Note | None, topic: str) -> bool:
    """Whether a topic has another id than when the offset was committed."""
    before, now = (note.ids if note else {}).get(topic), found.ids.get(topic)
    return before is not None and now is not None and before != now


def _former(found: Found, note: Note | None, topic: str) -> str:
    """The id that a topic had which is another one now."""
    return note.ids[topic] if note is not None and _is_another(found, note, topic) else ""


def _check_changelog(topics: Catalogue, found: Found, note: Note | None, base: Base | None) -> None:
    """Rows are lost when the changelog is: nothing stands in for them but the inputs, from the first on."""
    name, (_, first, end) = topics.changelog.name, found.changelog
    if _is_another(found, note, name):
        said = "was made anew"
    elif base is not None and end <= base.epoch:  # else that marker is there, and we are fenced
        said = f"ends at {end}, but the last cut names an owner who stood at {base.epoch}"
    elif base is not None and first > 0:
        said = f"begins at {first}"
    else:
        return
    raise DataLossError(f"{name} {found.number} {said}: rows of its customers are gone", _RESTORE)


def _input_losses(found: Found, note: Note | None, base: Base | None) -> Iterable[Loss]:
    for topic, place in found.inputs.items():
        applied = _position(topic, place, base)
        if _is_another(found, note, topic) or applied > place.end:
            yield Loss(topic, found.number, "anew", applied, place.first, _former(found, note, topic))
        elif applied < place.first:
            yield Loss(topic, found.number, "cut", applied, place.first)


def _position(topic: str, place: Place, base: Base | None) -> int:
    if base is not None and topic in base.ends:
        return base.ends[topic]
    return place.first if place.committed is None else max(place.committed, place.first)


def counted_on(claim: Claim, counted: Mapping[str, int]) -> Claim:
    """What an owner starts from whose control is lost, when the accounts have more than the last known cut.

    The accounts are the last row of a cut: what they include was carried out, though its commit, and now the
    record of it, are missing. To read it again would apply it twice.

    Args:
        claim: As it was found.
        counted: By input, how far the accounts go.
    """
    ends = {loss.resource: loss.end for loss in claim.losses if loss.kind != "anew"}
    anew = {loss.resource for loss in claim.losses if loss.kind == "anew"}
    positions = {
        topic: position if topic in anew else max(counted[topic], ends.get(topic, 0))
        for topic, position in claim.positions.items()
    }
    base = claim.base or Base(-1, 0, 0, {})
    return claim._replace(base=base._replace(ends={**base.ends, **positions}), positions=positions)


def found_again(
    topics: Catalogue, found: Found, before: FoundCut, newest: int, counted: Mapping[str, int]
) -> Claim:
    """What an owner starts from who has rows, and no committed offsets.

    The rows of a cut are acknowledged before those of the next one are written. So the cut before the newest
    that any row names was carried out in full, and from there on all is carried out again: rows that were
    done are left alone, effects that had left are the same, byte for byte. If control does not hold that cut
    (Kafka deletes the committed offsets of a topic together with it), the accounts tell how far the inputs
    were applied.

    Args:
        topics: The catalogue.
        found: What stands there.
        before: The cut before the newest one, as control has it.
        newest: The newest cut of any row.
        counted: By input, how far the accounts go.
    """
    alone = all(place.committed is None for place in found.inputs.values())
    commits = [Loss(app_id(topics.prefix), found.number, "commits", newest, 0)] if alone else []
    last, (_, first, _) = newest - 1, found.control
    if last == 0 and first == 0 and before.any:
        claim = claim_of(topics, found, None)
    elif before.base is not None:
        place = found.control._replace(committed=before.offset + 1)
        claim = claim_of(topics, found._replace(control=place), before.base)._replace(committed=None)
    else:
        base = Base(-1, last, 0, counted)  # what the rows of the newest cut have to say may not have left
        place = found.control._replace(committed=first)
        claim = claim_of(topics, found._replace(control=place), base)._replace(committed=None)
        gone = Loss(topics.control.name, found.number, "chain", newest, first)
        claim = claim._replace(losses=(gone, *claim.losses), former={**claim.former, gone.resource: ""})
    return claim._replace(losses=(*commits, *claim.losses))
