"""The shop's own weekly emails and pushes, what customers do with them, and how they stop them.

It also knows how one message fares once it is delivered, which is the same for the shop's newsletters and
for what our commands ask for, but for one thing: a message sent on a command may win a persuadable customer
back.
"""

from streams.wire.times import DAY, HOUR, MINUTE, SECOND

from .customer import Customer, Happenings

WEEK = 7 * DAY
CLICKS = 0.18
"""Share of the real opens of an email that are followed by a click."""


class Letters:
    """The messages of one customer. Methods named after what happens are actions of the agenda."""

    __slots__ = ("who",)

    def __init__(self, who: Customer) -> None:
        self.who = who

    def begins(self, at: int, _: object) -> Happenings:
        """Plan the weekly sends, and the day on which they have enough of them."""
        who, traits = self.who, self.who.traits
        who.later(_weekly(at, traits.mail_weekday, traits.mail_hour), self.weekly, "email")
        who.later(_weekly(at, traits.push_weekday, traits.mail_hour + 2), self.weekly, "push")
        if traits.leaves_email is not None:
            who.later(traits.leaves_email[0], self.leaves_email, traits.leaves_email[1])
        if traits.leaves_push is not None:
            who.later(traits.leaves_push, self.leaves_push)
        return ()

    def weekly(self, at: int, channel: str) -> Happenings:
        """Send this week's newsletter where it may be sent."""
        self.who.later(at + WEEK, self.weekly, channel)
        if self._open(channel) and not self._held(channel, at):
            self.who.letters += 1
            id_ = f"{self.who.id}-m{self.who.letters}"
            message = {"id": id_, "campaign": f"weekly-{at // WEEK}", "list": "promotions"}
            yield from self.send(at, (channel, message))

    def send(self, at: int, what: tuple[str, dict[str, str]]) -> Happenings:
        """Hand a message to the provider."""
        channel, message = what
        yield self.who.tell(channel, f"{channel}.sent", at, message=message)
        self.who.later(at + self.who.dice.between(SECOND, 40 * SECOND), self.arrives, what)

    def arrives(self, at: int, what: tuple[str, dict[str, str]]) -> Happenings:
        """Be delivered, or bounce; what follows is decided here."""
        who, (channel, message) = self.who, what
        if who.dice.chance(0.01) or (channel == "push" and not who.app):
            yield who.tell(channel, f"{channel}.bounced", at, message={**message, "severity": "soft"})
            return
        yield who.tell(channel, f"{channel}.delivered", at, message=message)
        if channel == "email" and who.traits.proxied and who.dice.chance(0.95):
            who.later(at + who.dice.between(SECOND, 10 * MINUTE), self.machine_opens, message)
        opens_at = who.wakes(at + who.dice.lognormal(2.0, 1.0) * HOUR)
        if "command_id" in message and self.persuadable(at):
            who.later(opens_at, self.won_back, what)
        elif who.dice.chance(who.traits.opens if channel == "email" else who.traits.taps):
            who.later(opens_at, self.opens, what)

    def machine_opens(self, at: int, message: dict[str, str]) -> Happenings:
        """Be opened by a mail proxy, whoever the customer is."""
        yield self.who.tell("email", "email.opened", at, automated=True, message=message)

    def opens(self, at: int, what: tuple[str, dict[str, str]]) -> Happenings:
        """Open it, and perhaps click."""
        who, (channel, message) = self.who, what
        if not who.acts("message", at):
            return
        yield who.tell(channel, f"{channel}.opened", at, message=message)
        if who.dice.chance(CLICKS if channel == "email" else 0.5):
            who.later(at + who.dice.between(5 * SECOND, 3 * MINUTE), self.clicks, what)

    def clicks(self, at: int, what: tuple[str, dict[str, str]]) -> Happenings:
        """Follow the link; a click on a push opens the app, one in an email the website."""
        who, (channel, message) = self.who, what
        if who.absent("message", at):
            return
        yield who.tell(channel, f"{channel}.clicked", at, message=message)
        if not who.absent("visit", at):
            yield from who.visit(at, "app" if channel == "push" else "web")

    # --- winning back

    def persuadable(self, at: int) -> bool:
        """Whether a message could bring them back now: a stream has ended, and they can be moved."""
        who = self.who
        lost = any(who.gone(stream, at) for stream in ("purchase", "visit", "message"))
        return lost and who.traits.persuadable and not who.away(at)

    def won_back(self, at: int, what: tuple[str, dict[str, str]]) -> Happenings:
        """Open, click, and resume all that had ended."""
        who, (channel, message) = self.who, what
        if not self.persuadable(at):
            yield from self.opens(at, what)
            return
        who.back_at = at
        yield who.tell(channel, f"{channel}.opened", at, message=message)
        who.later(at + who.dice.between(5 * SECOND, 3 * MINUTE), self.clicks, what)
        who.later(at + who.dice.between(4 * MINUTE, 8 * MINUTE), who.comes_back)

    # --- opting out, and in again

    def leaves_email(self, at: int, how: str) -> Happenings:
        """Unsubscribe, complain, or switch email off in the settings."""
        who = self.who
        if not who.consents["email"]:
            return
        self._rejoins(at, "email")
        if how == "complaint":
            who.consents["email"] = False
            yield who.tell("email", "email.complained", at, message={"id": f"{who.id}-m{who.letters}"})
        else:
            yield who.consent(at, "email", "out", how)

    def leaves_push(self, at: int, _: object) -> Happenings:
        """Switch pushes off in the system's settings."""
        who = self.who
        if self._open("push"):
            self._rejoins(at, "push")
            yield who.consent(at, "push", "out", "settings", "permission")

    def rejoins(self, at: int, channel: str) -> Happenings:
        """Switch the channel on again; those who are gone do not."""
        who = self.who
        if not who.consents[channel] and not who.absent("message", at) and not who.absent("visit", at):
            yield who.consent(at, channel, "in", "settings", "permission" if channel == "push" else None)

    def _rejoins(self, at: int, channel: str) -> None:
        if self.who.traits.rejoins_after is not None:
            self.who.later(at + self.who.traits.rejoins_after, self.rejoins, channel)

    def _open(self, channel: str) -> bool:
        return self.who.consents.get(channel, False) and (channel != "push" or self.who.app)

    def _held(self, channel: str, at: int) -> bool:
        if channel not in self.who.held:
            return False
        until = self.who.held[channel]
        return until is None or at < until


def _weekly(at: int, weekday: int, hour: int) -> int:
    """Find the next such weekday (Monday 0) and hour, UTC."""
    today = at - at % DAY
    days = (weekday - (today // DAY + 3)) % 7
    moment = today + days * DAY + hour * HOUR
    return moment if moment > at else moment + WEEK
