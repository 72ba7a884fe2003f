"""Answers "why" for the customers whose partitions this worker owns, from the rows as they are now."""

from http import HTTPStatus
from typing import Final

import msgspec

from streams.why import why
from streams.wire.partition import partition_of
from streams.wire.why import encode_why

from .adapters.admin import Asked
from .lane.lane import Lane

LONGEST: Final = 128
"""Characters of a customer id, as of an event's."""


def asked(lane: Lane) -> Asked:
    """What answers for a lane. It reads rows and facts, and changes nothing."""

    def answer(customer_id: str) -> tuple[HTTPStatus, bytes]:
        key = customer_id.encode("utf-8", "ignore")
        if not 0 < len(customer_id) <= LONGEST or key.decode() != customer_id:
            return _refused(HTTPStatus.BAD_REQUEST, f"a customer id is 1 to {LONGEST} characters of UTF-8")
        number = partition_of(key, lane.catalogue.control.partitions)
        owned = lane.partitions.get(number)
        if owned is None:
            return _refused(HTTPStatus.NOT_FOUND, f"partition {number} belongs to another worker")
        if not (lane.live and owned.ready) or lane.lease.over:
            return _refused(HTTPStatus.SERVICE_UNAVAILABLE, f"partition {number} is not ready here")
        core = owned.core
        found = why(customer_id, core.rows.get(key), core.facts.context(owned.at))
        return HTTPStatus.OK, encode_why(found)

    return answer


def _refused(status: HTTPStatus, reason: str) -> tuple[HTTPStatus, bytes]:
    return status, msgspec.json.encode({"error": reason})
