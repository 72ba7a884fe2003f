"""One customer of the shop, living: visits, purchases, consents, and the ends of them.

Each method named after something that happens is an action of the agenda: it is called at its moment, plans
what follows from it, and gives the events of exactly that moment. A process whose stream has ended keeps
turning without effect, so that a customer who comes back simply resumes.
"""

from collections.abc import Iterable

from streams.wire.times import DAY, HOUR, MINUTE, SECOND, format_time

from .agenda import Action, Agenda
from .dice import Dice
from .forms import VISIT_TYPES, Happening, consent, happening, money
from .traits import FADE, STREAMS_OF_END, SURFACES, Traits, customer_id, draw_traits

Happenings = Iterable[Happening]

WEEKEND = (5, 6)
"""Days of the week, Monday 0, on which customers have more time."""


class Customer:
    """Habits in motion.

    Args:
        seed: the shop's.
        number: which customer.
        traits: as drawn for this number.
        agenda: the shop's.
    """

    __slots__ = (
        "agenda", "app", "back_at", "consents", "dice", "held", "id", "letters", "number", "ordered",
        "planned", "told", "traits", "waiting",
    )  # fmt: skip

    def __init__(self, seed: int, number: int, traits: Traits, agenda: Agenda) -> None:
        self.number, self.traits, self.agenda = number, traits, agenda
        self.id = customer_id(number)
        self.dice = Dice(seed, number, "life")
        self.back_at = traits.back_at
        self.app = False
        self.consents = {"email": False, "push": False}
        self.held: dict[str, int | None] = {}
        self.waiting: list[tuple[int | None, dict[str, str]]] = []
        self.planned = self.told = self.ordered = self.letters = 0

    def later(self, at: float, action: Action, argument: object = None) -> None:
        """Plan something."""
        self.planned += 1
        self.agenda.put(int(at), self.number, self.planned, action, argument)

    def tell(self, topic: str, type_: str, at: int, **fields: object) -> Happening:
        """Write an event of this customer down, under the next id."""
        self.told += 1
        return happening(topic, type_, self.id, self.told, at, **fields)

    # --- whether they act at all

    def away(self, at: int) -> bool:
        """Whether they are on holiday."""
        holiday = self.traits.holiday
        return holiday is not None and holiday[0] <= at < holiday[1]

    def gone(self, stream: str, at: int) -> bool:
        """Whether this stream has ended, and they have not come back."""
        return (
            stream in STREAMS_OF_END[self.traits.end]
            and at >= self.traits.end_at
            and (self.back_at is None or at < self.back_at)
        )

    def absent(self, stream: str, at: int) -> bool:
        """Whether nothing human may happen on this stream now."""
        return self.away(at) or self.gone(stream, at)

    def acts(self, stream: str, at: int) -> bool:
        """Decide whether they follow their habit this time; a fading end lets ever fewer times through."""
        if self.absent(stream, at):
            return False
        left = self.traits.end_at - at
        fading = self.traits.end_kind == "fade" and stream in STREAMS_OF_END[self.traits.end]
        return not (fading and 0 < left < FADE) or self.dice.chance(left / FADE)

    def wakes(self, at: float) -> int:
        """Move a moment of the night to the morning."""
        moment = int(at)
        early = self.traits.awake_from * HOUR - moment % DAY
        return moment + early + self.dice.between(0, HOUR) if early > 0 else moment

    # --- joining

    def joins(self, at: int, _: object) -> Happenings:
        """Register, answer the question about email, and begin to live."""
        self._plan_life(at)
        yield self.tell("account", "customer.registered", at)
        profile = {"timezone": self.traits.timezone, "interests": self.traits.categories[0]}
        yield self.tell("account", "customer.updated", at, profile=profile)
        self.consents["email"] = self.traits.email_in
        answer = ("in", "asked") if self.traits.email_in else ("out", "declined")
        yield self.tell("account", "consent.changed", at, consent=consent("email", *answer))

    def _plan_life(self, at: int) -> None:
        traits = self.traits
        self.later(at + 5 * MINUTE, self.visits)
        self.later(at + self.dice.between(10 * MINUTE, 3 * DAY), self.buys)
        if traits.has_app:
            self.later(at + self.dice.between(1 * MINUTE, 20 * DAY), self.installs)
        if traits.premium:
            self.later(at + self.dice.between(HOUR, 20 * DAY), self.subscribes)
        if traits.uninstalls_at is not None:
            self.later(traits.uninstalls_at, self.uninstalls)
        if traits.back_at is not None:
            self.later(traits.back_at, self.comes_back)

    def installs(self, at: int, _: object) -> Happenings:
        """Install the app and answer the system's question about pushes."""
        self.app = True
        platform = "ios" if self.number % 2 else "android"
        yield self.tell("app", "app.installed", at, platform=platform)
        if not self.absent("visit", at):
            yield self.tell("app", "app.opened", at)
        if self.consents["push"]:
            yield self.tell("push", "push.token_registered", at)
        else:
            self.later(at + self.dice.between(10 * SECOND, MINUTE), self.answers_prompt)

    def answers_prompt(self, at: int, _: object) -> Happenings:
        """Say yes or no to pushes; both axes must be in for the channel to be open."""
        yield self.tell("push", "push.prompted", at)
        if not self.traits.push_in:
            yield self.consent(at, "push", "out", "asked", "permission")
            return
        yield self.consent(at, "push", "in", "asked", "permission")
        yield self.consent(at, "push", "in", "asked", "subscription")
        yield self.tell("push", "push.token_registered", at)

    def consent(self, at: int, channel: str, state: str, reason: str, axis: str | None = None) -> Happening:
        """Change their mind about a channel; for push, an axis of it."""
        self.consents[channel] = state == "in"
        return self.tell("account", "consent.changed", at, consent=consent(channel, state, reason, axis))

    # --- visiting and buying

    def visits(self, at: int, _: object) -> Happenings:
        """Visit as is their habit."""
        self.later(self._next(at, self.traits.visits.gap(self.dice)), self.visits)
        if self.acts("visit", at):
            yield from self.visit(at, self._surface())

    def visit(self, at: int, surface: str) -> Happenings:
        """Turn up on a surface; in the app they look around, and see what waits for them there."""
        yield self.tell(surface, VISIT_TYPES[surface], at)
        if surface != "app":
            return
        if self.dice.chance(0.5):
            self.later(at + self.dice.between(MINUTE, 6 * MINUTE), self.views)
        for expires_at, message in self.waiting:
            if expires_at is None or at < expires_at:
                yield self.tell("app", "in_app.shown", at, message=message)
                self.later(at + self.dice.between(3 * SECOND, 30 * SECOND), self.answers_in_app, message)
        self.waiting.clear()

    def views(self, at: int, _: object) -> Happenings:
        """Look at something in the app."""
        if not self.absent("visit", at):
            yield self.tell("app", "app.viewed", at)

    def answers_in_app(self, at: int, message: dict[str, str]) -> Happenings:
        """Click or dismiss what the app shows."""
        if self.absent("visit", at) or self.absent("message", at):
            return
        type_ = "in_app.clicked" if self.dice.chance(0.25) else "in_app.dismissed"
        yield self.tell("app", type_, at, message=message)

    def buys(self, at: int, _: object) -> Happenings:
        """Visit in order to buy, and order some minutes later."""
        self.later(self._next(at, self.traits.buys.gap(self.dice)), self.buys)
        if self.acts("purchase", at) and not self.absent("visit", at):
            surface = self._surface()
            yield from self.visit(at, surface)
            self.later(at + self.dice.between(3 * MINUTE, 20 * MINUTE), self.orders, surface)

    def orders(self, at: int, surface: str) -> Happenings:
        """Pay; one order in twenty is given back."""
        if self.absent("purchase", at):
            return
        self.ordered += 1
        items = [self._item() for _ in range(self.dice.between(1, 4))]
        total = money(sum(item[0] * item[1] for item in items))
        body = {"id": f"{self.id}-o{self.ordered}", "total": total, "currency": "EUR"}
        listed = [
            {"product_id": product, "category": category, "quantity": quantity, "price": money(price)}
            for price, quantity, category, product in items
        ]
        yield self.tell(surface, "order.completed", at, surface=surface, order={**body, "items": listed})
        if self.dice.chance(0.05):
            self.later(at + self.dice.between(2 * DAY, 14 * DAY), self.refunds, (surface, body))

    def refunds(self, at: int, given_back: tuple[str, dict[str, str]]) -> Happenings:
        """Get the money back."""
        surface, order = given_back
        yield self.tell(surface, "order.refunded", at, surface=surface, order=order)

    def _item(self) -> tuple[float, int, str, str]:
        category = self.dice.pick(self.traits.categories)
        price = round(max(1.0, self.traits.spends * self.dice.lognormal(0.6, 0.4)), 2)
        return price, self.dice.between(1, 3), category, f"{category}-{self.dice.between(1, 40)}"

    def _next(self, at: int, gap: float) -> int:
        quicker = 1.3 if (at // DAY + 3) % 7 in WEEKEND else 1.0
        return self.wakes(at + max(gap / quicker, HOUR))

    def _surface(self) -> str:
        chosen = self.traits.home if self.dice.chance(0.7) else self.dice.pick(self.traits.surfaces)
        return "web" if chosen == "app" and not self.app else chosen

    # --- coming back, and leaving for good

    def comes_back(self, at: int, _: object) -> Happenings:
        """Return: a visit, with the app installed again where it was home, and often a purchase."""
        if self.absent("visit", at):
            return
        if self.traits.home == "app" and not self.app:
            yield from self.installs(at, None)
            return
        surface = self._surface()
        yield from self.visit(at, surface)
        if self.dice.chance(0.7):
            self.later(at + self.dice.between(3 * MINUTE, 20 * MINUTE), self.orders, surface)

    def uninstalls(self, at: int, _: object) -> Happenings:
        """Lose the app; it is learnt a few hours later, from a token that no longer works."""
        if not self.app or not self.gone("visit", at):
            return
        self.app = False
        yield self.tell("push", "push.token_invalid", at)
        earliest = format_time(at - self.dice.between(HOUR, 36 * HOUR))
        yield self.tell("app", "app.uninstalled", at, time_quality="inferred", earliest_at=earliest)

    def subscribes(self, at: int, _: object) -> Happenings:
        """Take the paid tier; some will cancel it."""
        if self.absent("visit", at):
            return
        yield self.tell("account", "plan.started", at, plan={"id": "plus", "tier": "premium"})
        if self.traits.cancels_at is not None:
            self.later(max(self.traits.cancels_at, at + DAY), self.cancels)

    def cancels(self, at: int, _: object) -> Happenings:
        """Cancel the paid tier."""
        yield self.tell("account", "plan.cancelled", at, plan={"id": "plus", "tier": "premium"})


def living(seed: int, number: int, start: int, days: int, agenda: Agenda) -> Customer:
    """Bring a customer to life; see `draw_traits` for the arguments."""
    return Customer(seed, number, draw_traits(seed, number, start, days), agenda)


assert set(VISIT_TYPES) == set(SURFACES)
