"""Looks now and then whether every record that was passed has an outcome (reliability 6.1, I8).

The guard of the consumer believes a jump of offsets only after a second look; this is the check behind it,
on what was really counted. A difference means that records were lost, or applied twice, on the way from Kafka
to the customers: a fault of ours or of a library, after which nothing may go on as if nothing were.
"""

import asyncio
from typing import Final

from ..errors import DataLossError
from .lane import Lane
from .ledger import Account
from .recurring import Recurring

EVERY: Final = 5.0
"""Seconds between two looks."""


class UnaccountedError(DataLossError):
    """Records without an outcome, or with two (71)."""


class Auditor(Recurring):
    """Audits the ledgers of a lane until it is stopped.

    Args:
        lane: Whose partitions are looked at.
    """

    def __init__(self, lane: Lane) -> None:
        self._lane = lane

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            try:
                self.look()
            except Exception as error:  # noqa: BLE001 - nobody would notice that nobody looks any more
                self._lane.end(error, "auditing")

    def look(self) -> None:
        """Audit once.

        Raises:
            UnaccountedError: naming topic, partition and numbers.
        """
        for number, owned in self._lane.partitions.items():
            for topic in self._lane.inputs if owned.ready else ():
                account = owned.ledger.accounts[topic]
                if account.unaccounted or account.unaccounted_bytes:
                    raise UnaccountedError(_said(topic, number, account), _WAY_OUT)
        self._lane.meter.audited()


_WAY_OUT: Final = (
    "records were lost or applied twice inside the worker: keep the log of this process and the topics, and "
    "report it. Rows may be wrong from there on: replay the inputs under another prefix to have them right"
)


def _said(topic: str, number: int, account: Account) -> str:
    return (
        f"{topic} {number}: applied from {account.began} to {account.upto}, of which {account.holes} hold no "
        f"record; accepted {account.accepted}, rejected {account.rejected}, duplicate {account.duplicate}, "
        f"ignored {account.ignored}: {account.unaccounted} too few. Bytes read {account.read_bytes}, "
        f"{account.unaccounted_bytes} of them in no outcome"
    )
