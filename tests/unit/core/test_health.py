"""Whether a source is quiet for everybody: told by what is usual for these hours, or not at all (N5)."""

import random
from collections.abc import Iterator

from streams.context import Context
from streams.health import GIVEN_UP, Health
from streams.outages import NONE
from streams.policy.model import Policy
from streams.volumes import SourceVolumes
from streams.wire.control import SourceFact
from streams.wire.times import DAY, HOUR, MINUTE
from streams.wire.volumes import SLOT, TOKENS

from ...support.story import policy

T = 2_900 * 7 * DAY
"""The beginning of a week."""

CUT = T + 21 * DAY + 10 * HOUR + 3 * MINUTE
"""When the source goes quiet: a weekday morning, three minutes into a slot."""


class Shop:
    """Two partitions whose sources tell of so many events an hour, by the hour of the day; and the role.

    Args:
        hourly: events an hour at noon; a tenth of it at night.
        policy_: in force.
        seed: of the chance.
    """

    def __init__(self, hourly: int = 600, policy_: Policy | None = None, seed: int = 7) -> None:
        self.parts = [SourceVolumes(number) for number in range(2)]
        self.health, self.policy = Health(), policy_ or policy()
        self.stands: dict[str, SourceFact] = {}
        self.said: list[tuple[int, SourceFact]] = []
        self.outages = NONE
        self._hourly, self._chance, self._at = hourly, random.Random(seed), T

    def live(self, until: int, share: float = 1.0, source: str = "web", *, judged: bool = True) -> None:
        """Live on to a moment, in slots, with a share of the usual volume of one source."""
        while self._at < until:
            end = min((self._at // SLOT + 1) * SLOT, until)
            for part in self.parts:
                for name in ("web", "app"):
                    part.take(name, list(self._events(end, share if name == source else 1.0)))
            self._at = end
            self._cut(judged=judged)

    def _events(self, end: int, share: float) -> Iterator[int]:
        """Events of one source in one partition: a Poisson stream."""
        night = self._at // HOUR % 24 < 7
        rate = self._hourly / 2 * (0.1 if night else 1.0) * share / HOUR
        at = self._at + self._chance.expovariate(rate) if rate else end
        while at < end:
            yield int(at)
            at += self._chance.expovariate(rate)

    def _cut(self, *, judged: bool) -> None:
        """A cut in each partition, and the judgement of the role."""
        for part in self.parts:
            part.entries(Context(self.policy, "", self._at, outages=self.outages), 1)
        if judged:
            for fact in self.health.judge([part.told() for part in self.parts], self.stands, self.policy):
                self.hear(fact)

    def hear(self, fact: SourceFact) -> None:
        self.said.append((self._at, fact))
        self.stands[fact.source] = fact
        self.outages = self.outages.after(fact)

    def tokens(self, count: int) -> None:
        """Tokens are revoked, and pushes are told of as ever."""
        self.parts[0].take(TOKENS, [self._at] * count)


def lived(hourly: int = 600, **changes: object) -> Shop:
    """Three weeks as usual, up to two hours before the cut."""
    shop = Shop(hourly, policy(**changes))
    shop.live(CUT - 2 * HOUR, judged=False)
    return shop


def words(shop: Shop) -> list[tuple[str, str]]:
    return [(fact.source, fact.state) for _, fact in shop.said]


def test_a_source_that_is_cut_is_told_within_the_hour_and_is_well_when_it_is_back() -> None:
    shop = lived()
    shop.live(CUT)
    shop.live(CUT + 5 * HOUR, share=0.0)
    ((at, fact),) = shop.said
    assert (fact.source, fact.state, fact.by) == ("web", "quiet", "volume")
    assert at <= CUT + HOUR, "nothing may open later"
    assert CUT - MINUTE < fact.since <= CUT, "the last event was seconds before"
    shop.live(CUT + 8 * HOUR)
    (_, (at, over)) = shop.said
    assert (over.source, over.state) == ("web", "healthy")
    assert at <= CUT + 5 * HOUR + 20 * MINUTE
    assert abs(over.since - (CUT + 5 * HOUR)) <= SLOT


def test_a_trickle_is_quiet_too_and_half_the_volume_is_not() -> None:
    shop = lived()
    shop.live(CUT)
    shop.live(CUT + 3 * HOUR, share=0.5)
    assert shop.said == []
    shop.live(CUT + 6 * HOUR, share=0.05)
    ((_, fact),) = shop.said
    assert abs(fact.since - (CUT + 3 * HOUR)) <= 2 * SLOT


def test_between_the_ratio_and_half_it_stays_as_it_is() -> None:
    shop = lived()
    shop.live(CUT)
    shop.live(CUT + 2 * HOUR, share=0.05)
    shop.live(CUT + 5 * HOUR, share=0.35)
    assert words(shop) == [("web", "quiet")]


def test_quiet_nights_are_usual() -> None:
    shop = lived()
    shop.live(CUT + 3 * DAY)
    assert shop.said == []


def test_a_brand_with_few_events_is_judged_over_a_longer_window_or_not_at_all() -> None:
    few = lived(hourly=12)
    few.live(CUT)
    few.live(CUT + 10 * HOUR, share=0.0)
    assert few.said == [], "twelve an hour: nothing is said"
    patient = lived(hourly=12, outage={"window": "8h"})
    patient.live(CUT)
    patient.live(CUT + 10 * HOUR, share=0.0)
    assert words(patient) == [("web", "quiet")]


def test_nothing_is_said_before_two_weeks_are_known() -> None:
    shop = Shop()
    shop.live(T + 9 * DAY + 10 * HOUR, judged=False)
    shop.live(T + 9 * DAY + 20 * HOUR, share=0.0)
    assert shop.said == []


def test_a_partition_that_lags_holds_the_judgement_and_is_no_outage() -> None:
    shop = lived()
    shop.live(CUT)
    late = shop.parts.pop()
    shop.live(CUT + 3 * HOUR, share=0.0, judged=False)
    told = [*(part.told() for part in shop.parts), late.told()]
    assert shop.health.judge(told, {}, shop.policy) == []


def test_what_was_only_late_fills_its_hours_again() -> None:
    shop = lived()
    shop.live(CUT)
    shop.live(CUT + 2 * HOUR, share=0.0)
    for part in shop.parts:
        part.take("web", [CUT + second * 1000 for second in range(0, 7200, 12)])
    shop.live(CUT + 2 * HOUR + 20 * MINUTE)
    assert words(shop) == [("web", "quiet"), ("web", "healthy")]
    assert shop.outages.quiet["web"][0][1] < CUT + HOUR, "it never was for so long"


def test_hours_of_an_outage_teach_nothing() -> None:
    shop = lived()
    shop.live(CUT)
    before = shop.parts[0].told().sources["web"].usual
    shop.live(CUT + 3 * HOUR, share=0.0)
    shop.live(CUT + 7 * DAY)
    after = shop.parts[0].told().sources["web"].usual
    for now, then in zip(after, before, strict=True):
        assert now is not None
        assert then is not None
        assert abs(now - then) < 0.3 * then


def test_a_persons_word_stands_until_that_person_takes_it_back() -> None:
    shop = lived()
    shop.live(CUT)
    shop.hear(SourceFact(source="web", state="quiet", since=CUT))
    shop.live(CUT + 3 * HOUR)
    assert len(shop.said) == 1, "the volume is as ever, and a person said quiet"
    shop.hear(SourceFact(source="web", state="healthy", since=CUT + 3 * HOUR))
    shop.live(CUT + 6 * HOUR)
    assert len(shop.said) == 2
    shop.live(CUT + 8 * HOUR, share=0.0)
    assert words(shop)[2:] == [("web", "quiet")], "seen well since, so it is judged again"


def test_who_is_told_that_all_is_well_while_it_is_quiet_does_not_insist() -> None:
    shop = lived()
    shop.live(CUT)
    shop.live(CUT + 2 * HOUR, share=0.0)
    shop.hear(SourceFact(source="web", state="healthy", since=CUT + 2 * HOUR))
    shop.live(CUT + 5 * HOUR, share=0.0)
    assert words(shop) == [("web", "quiet"), ("web", "healthy")]


def test_what_lasts_a_week_is_the_new_usual() -> None:
    shop = lived(hourly=300)
    shop.live(CUT)
    shop.live(CUT + GIVEN_UP + 2 * DAY, share=0.05)
    assert words(shop) == [("web", "quiet"), ("web", "healthy")]
    assert shop.said[1][1].by == "age"


def test_tokens_that_are_revoked_in_masses_are_a_burst_of_push() -> None:
    shop = lived()
    for part in shop.parts:
        part._profile.sources[TOKENS].counts[:] = [3.0 * 1.875] * 168
    shop.live(CUT)
    for _ in range(9):
        shop.tokens(1)
        shop.live(shop._at + SLOT)
    assert shop.said == [], "a few"
    for _ in range(3):
        shop.tokens(40)
        shop.live(shop._at + SLOT)
    ((_, fact),) = shop.said
    assert (fact.source, fact.state) == ("push", "burst")
    assert CUT + 45 * MINUTE - SLOT <= fact.since <= CUT + 45 * MINUTE
    shop.live(shop._at + 3 * HOUR)
    assert words(shop) == [("push", "burst"), ("push", "healthy")]


def test_what_is_known_of_the_volumes_is_recovered_from_the_changelog() -> None:
    shop = lived()
    entries: dict[bytes, bytes | None] = {}
    for at in range(CUT - 2 * HOUR, CUT, SLOT):
        shop.parts[0].take("web", [at])
        entries |= shop.parts[0].entries(Context(shop.policy, "", at), 1)
    again = SourceVolumes(0)
    for key, value in entries.items():
        again.restore(key, value)
    again.entries(Context(shop.policy, "", CUT - SLOT), 1)
    assert again.told() == shop.parts[0].told()
