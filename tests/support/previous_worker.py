"""A worker whose rows are those of release 0.1.0: ``faust -A tests.support.previous_worker worker``.

It decides like today's and differs in what it keeps: it writes rows of form 1, which lack what came later,
and no ledger, and refuses every other form, as 0.1.0 does.
"""

from collections.abc import Mapping
from functools import partial

from agents.factory import Detect
from agents.lane.changelog import Changelog
from agents.lane.partition import OwnedPartition
from agents.lane.sending import Sent
from agents.settings import load
from streams.wire import row

from .ledgers import LEDGER
from .previous_form import as_form_1, context_as_form_1

FORM = 1


async def _send(
    changelog: Changelog, owned: OwnedPartition, rows: Mapping[bytes, bytes | None]
) -> list[Sent]:
    old = {key: _old(key, value) for key, value in rows.items() if key != LEDGER}
    return await Changelog.send(changelog, owned, old)


def _old(key: bytes, value: bytes | None) -> bytes | None:
    if value is None:
        return None
    return context_as_form_1(value) if key.startswith(b"\x00") else as_form_1(value)


setattr(row, "READABLE", (FORM,))  # noqa: B010 - a constant elsewhere: it is what 0.1.0 reads
_detect = Detect(load())
_changelog = _detect.lane.changelog
_changelog.send = partial(_send, _changelog)  # type: ignore[method-assign]
app = _detect.app
