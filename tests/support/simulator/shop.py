"""What comes from outside: events, ticks of the external clock, facts and garbage on control."""

import asyncio

from streams.wire.control import PolicyFact, Tick, encode
from tests.support.toy_core import BAD

from .world import World


class Shop:
    """Producers and operator in one.

    Args:
        world: Where they are.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._versions = 0

    async def open(self) -> None:
        """Events in bursts, at times that overlap and often agree; ticks if they move time."""
        random, setting, ticked = self._world.random, self._world.setting, 0.0
        while True:
            await asyncio.sleep(random.expovariate(setting.rate / 4))
            for _ in range(random.randint(1, 7)):
                self._event(random.randrange(setting.customers))
            if self._world.loop.time() > ticked:
                ticked = self._world.loop.time() + random.uniform(0.2, 1.0)
                self.tick(random.choice([0, 0, 0, -500]))

    def everybody(self) -> None:
        """One event of each customer: its effect shows what the row had become."""
        for customer in range(self._world.setting.customers):
            self._event(customer)

    def tick(self, shift: int = 0) -> None:
        """Say what time it is, where the clock is external."""
        if self._world.setting.external:
            self._control(encode(Tick(at=self._world.wall_ms() + shift)))

    def fact(self) -> None:
        """Publish a policy; its version stands in every effect from then on."""
        self._versions += 1
        self._control(encode(PolicyFact(version=f"p{self._versions}", document={})))

    def garbage(self) -> None:
        """Write what nobody can read."""
        self._control(b"{")

    def _event(self, customer: int) -> None:
        world = self._world
        topic = world.random.choice(world.topics.inputs).name
        value = BAD if world.random.random() < 0.03 else b"%d" % customer
        moment = (world.wall_ms() - world.random.randrange(800)) // 20 * 20
        number = customer % world.setting.partitions
        world.broker.append("shop", topic, number, [(moment, b"k%d" % customer, value, [])])

    def _control(self, value: bytes) -> None:
        world = self._world
        for number in range(world.setting.partitions):
            lines = [(world.wall_ms(), b"fact", value, list[tuple[str, bytes]]())]
            world.broker.append("operator", world.topics.control.name, number, lines)
