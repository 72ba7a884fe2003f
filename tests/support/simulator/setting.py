"""What a seed draws: the setting of a schedule, and the faults that come over it."""

from dataclasses import dataclass
from random import Random
from typing import Final

from agents.settings import Settings

from .network import Weather

FAULTS: Final = ("kill", "freeze", "zombie", "leave", "join", "compact", "hole", "fact", "garbage", "twins")
"""What may happen; each schedule draws some of them."""


@dataclass(frozen=True)
class Setting:
    """One schedule.

    Attributes:
        partitions, workers, customers: How many.
        seconds: Of faults and load; then all is calm.
        external: Whether ticks move time.
        lease: Whether workers look at their lease.
        batch: Records of a batch.
        rate: Events a second.
        faults: Which happen, and how many a second.
        weather: How requests fare meanwhile.
        settings: The workers'.
    """

    partitions: int
    workers: int
    customers: int
    seconds: float
    external: bool
    lease: bool
    batch: int
    rate: float
    faults: tuple[str, ...]
    fault_rate: float
    weather: Weather
    settings: Settings


def draw(random: Random) -> Setting:
    """Draw a setting: few kinds of fault at a time find more than all at once."""
    external = random.random() < 0.25
    return Setting(
        partitions=random.randint(1, 3),
        workers=random.randint(1, 3),
        customers=random.randint(2, 12),
        seconds=random.uniform(4.0, 9.0),
        external=external,
        lease=random.random() < 0.5,
        batch=random.choice([2, 5, 1_000]),
        rate=random.choice([5.0, 20.0, 60.0]),
        faults=tuple(fault for fault in FAULTS if random.random() < 0.5) or ("kill",),
        fault_rate=random.choice([0.5, 1.5, 4.0]),
        weather=_weather(random),
        settings=_settings(random, external=external),
    )


def _weather(random: Random) -> Weather:
    def some(most: float) -> float:
        return random.uniform(0, most) if random.random() < 0.4 else 0.0

    return Weather(
        late=some(0.02),
        lost=some(0.1),
        unanswered=some(0.1),
        refused=some(0.01),
        slow=random.choice([0.002, 0.02, 0.1]),
        uneven=some(0.7),
    )


def _settings(random: Random, *, external: bool) -> Settings:
    made: Settings = Settings.model_validate(
        {
            "kafka": {
                "session_timeout": "2000ms",
                "heartbeat_interval": "500ms",
                "rebalance_timeout": "1500ms",
                "request_timeout": "3000ms",
                "commit_interval": random.choice(["100ms", "500ms", "1000ms"]),
            },
            "clock": "external" if external else "wall",
            "clock_hold": "1000ms",
            "inbox": random.choice([5, 50, 20_000]),
            "cut": {
                "every": random.choice(["150ms", "300ms"]),
                "looks": 2,
                "lead": "20ms",
                "max_records": random.choice([8, 40, 5_000]),
            },
        }
    )
    return made
