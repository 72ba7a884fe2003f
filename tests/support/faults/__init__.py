"""The harness of the fault suite: brokers, workers, load, seeded faults, results."""

from .bed import PARTITIONS, PRODUCTION, Bed
from .plan import Dice, Scale
from .results import Row

__all__ = ["PARTITIONS", "PRODUCTION", "Bed", "Dice", "Row", "Scale"]
