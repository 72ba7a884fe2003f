"""Says which policy each partition decides under: without a published one it is one that nobody chose.

Looked at once per cut, after the facts before it were learnt: what is said is what the cut is decided under.
"""

from typing import NamedTuple

from streams.facts import FactsInForce

from ..adapters.logs import get_logger
from .metering import Meter

log = get_logger("lane")


class _Told(NamedTuple):
    version: str
    published: bool
    refused: int


class PolicyWatch:
    """Logs and counts what changes in the policies in force.

    Args:
        meter: Counts refused policies.
    """

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self._told: dict[int, _Told] = {}

    def forget(self, number: int) -> None:
        """The partition was taken over anew: its policy is said again."""
        self._told.pop(number, None)

    def look(self, number: int, facts: FactsInForce) -> None:
        """Say what is new since the last look at this partition."""
        before, now = self._told.get(number), _Told(facts.version, facts.published, facts.refused)
        if now == before:
            return
        self._told[number] = now
        if before is None or now[:2] != before[:2]:
            self._in_force(number, facts)
        if refused := now.refused - (before.refused if before else 0):
            self._meter.policies_refused(refused)
            log.warning(
                "published policy refused, the one before stays in force",
                partition=number,
                policy=facts.version,
                reason=facts.refusal,
            )

    def _in_force(self, number: int, facts: FactsInForce) -> None:
        if facts.published:
            log.info("policy in force", partition=number, policy=facts.version)
        else:
            log.warning(
                "no policy published: the built-in default is in force",
                partition=number,
                policy=facts.version,
            )
