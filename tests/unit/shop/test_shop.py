"""The synthetic shop: same every time, in order, true to its truth, and written as the wire wants it."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import islice, pairwise
from typing import Any

import pytest

from devkit.shop import Happening, Shop, Truth
from streams.wire.codec import decode
from streams.wire.event import SHORT_TOPICS, Event, human_surface
from streams.wire.times import DAY, HOUR, format_time, parse_time

START = "2025-01-06T00:00:00.000Z"
DAYS = 365


def shop(seed: int = 7, customers: int = 300, days: int = DAYS) -> Shop:
    return Shop(seed, customers, START, days)


class Played:
    """A shop at the end of its time: what happened, decoded, and what was true."""

    def __init__(self, played: Shop, happenings: list[Happening]) -> None:
        self.shop, self.happenings = played, happenings
        self.events = [read(happening) for happening in happenings]
        self.truth = played.truth()


def read(happening: Happening) -> Event:
    value = json.dumps(happening.event).encode()
    event = decode(
        happening.event["customer_id"].encode(),
        value,
        happening.topic,
        parse_time(happening.event["occurred_at"]),
    )
    assert isinstance(event, Event), (event, happening)
    return event


@pytest.fixture(scope="module")
def year() -> Played:
    playing = shop()
    return Played(playing, list(playing.events()))


STREAM_OF_SURFACE = {"purchase": "purchase", "app": "visit", "web": "visit", "store": "visit"}


def streams_of(event: Event) -> set[str]:
    """The streams of the truth that a person touched by an event."""
    touched = {STREAM_OF_SURFACE[name] for name in human_surface(event) if name in STREAM_OF_SURFACE}
    reaction = event.type in {"email.opened", "email.clicked", "push.opened", "push.clicked"}
    return touched | ({"message"} if reaction and human_surface(event) else set())


def acts_of(events: list[Event]) -> dict[tuple[str, str], list[int]]:
    acts = defaultdict(list)
    for event in events:
        for stream in streams_of(event):
            acts[event.customer_id, stream].append(event.occurred_at)
    return acts


def ended(truth: list[Truth]) -> Iterator[tuple[Truth, int, int | None]]:
    return ((t, t.lapsed_at, t.returned_at) for t in truth if t.lapsed_at is not None)


def test_the_same_seed_gives_the_same_events_and_another_seed_gives_others() -> None:
    first, again, other = ([*shop(seed, 20, 60).events()] for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_one_customer_lives_the_same_life_in_a_small_shop_and_in_a_large_one() -> None:
    alone, among = (
        [event for event, _ in shop(customers=count, days=90).events() if event["customer_id"] == "c-000000"]
        for count in (1, 30)
    )
    assert alone == among


def test_events_come_in_order_of_time_and_within_the_days_asked_for(year: Played) -> None:
    times = [event.occurred_at for event in year.events]
    assert all(earlier <= later for earlier, later in pairwise(times))
    assert year.shop.start <= times[0]
    assert times[-1] < year.shop.until == parse_time(START) + DAYS * DAY


def test_events_are_made_only_as_they_are_asked_for() -> None:
    large = shop(customers=20_000)
    taken = list(islice(large.events(), 100))
    assert len(taken) == 100
    assert large.now < parse_time(START) + 2 * DAY
    assert next(large.events()).event["occurred_at"] >= taken[-1].event["occurred_at"]


def test_every_event_can_be_read_on_its_topic_and_every_topic_is_used(year: Played) -> None:
    assert {topic for _, topic in year.happenings} == set(SHORT_TOPICS)  # read() held each to the decoder


def test_ids_are_unique(year: Played) -> None:
    ids = Counter((event.source, event.id) for event in year.events)
    assert max(ids.values()) == 1


def test_nobody_acts_on_a_stream_between_its_end_and_their_return(year: Played) -> None:
    acts = acts_of(year.events)
    checked = 0
    for truth, lapsed_at, returned_at in ended(year.truth):
        until = year.shop.until if returned_at is None else returned_at
        late = [at for at in acts[truth.customer_id, truth.stream] if lapsed_at <= at < until]
        assert late == [], truth
        checked += 1
    assert checked > 100


def test_a_sudden_end_comes_out_of_an_unbroken_habit_and_a_fading_one_out_of_a_thinning_one(
    year: Played,
) -> None:
    acts = acts_of(year.events)
    gone = {truth.customer_id for truth in year.truth if truth.stream == "purchase" and truth.lapsed_at}
    last_month = {"sudden": [0, 0], "fade": [0, 0]}
    for truth, lapsed_at, _ in ended(year.truth):
        if truth.stream == "visit" and truth.customer_id in gone:
            times = acts[truth.customer_id, "visit"]
            last_month[truth.kind][0] += sum(lapsed_at - 30 * DAY <= at for at in times if at < lapsed_at)
            last_month[truth.kind][1] += sum(
                lapsed_at - 90 * DAY <= at < lapsed_at - 60 * DAY for at in times
            )
    (late_sudden, early_sudden), (late_fade, early_fade) = last_month["sudden"], last_month["fade"]
    assert late_sudden > 0.8 * early_sudden
    assert late_fade < 0.5 * early_fade


def test_nobody_acts_on_holiday_and_all_who_have_not_ended_come_back(year: Played) -> None:
    acts = acts_of(year.events)
    ends = {truth.customer_id for truth in year.truth if truth.lapsed_at is not None}
    came_back = 0
    holidays = year.shop.holidays()
    for who, since, until in holidays:
        assert 18 * DAY <= until - since < 36 * DAY
        times = [at for (customer, _), ats in acts.items() if customer == who for at in ats]
        assert not any(since <= at < until for at in times)
        came_back += who not in ends and any(until <= at for at in times)
    assert came_back > len(holidays) / 3


def test_the_year_holds_some_tens_of_each_thing_worth_finding(year: Played) -> None:
    stopped = Counter((truth.stream, truth.kind) for truth, _, _ in ended(year.truth))
    types = Counter(event.type for event in year.events)
    consents = Counter(
        (event.consent.channel, event.consent.state, event.consent.reason)
        for event in year.events
        if event.consent
    )
    assert 30 <= stopped["visit", "sudden"] + stopped["visit", "fade"] <= 100  # brand stops
    assert 40 <= stopped["purchase", "sudden"] + stopped["purchase", "fade"] <= 130
    assert 20 <= consents["email", "out", "unsubscribe"] <= 80
    assert consents["push", "out", "settings"] >= 5  # late opt-outs
    assert consents["push", "out", "asked"] >= 20  # early ones
    assert consents["email", "out", "declined"] >= 20
    assert consents["email", "in", "settings"] + consents["push", "in", "settings"] >= 8  # changed their mind
    assert sum(1 for _, _, returned_at in ended(year.truth) if returned_at is not None) >= 10
    assert types["email.complained"] >= 1
    assert types["plan.cancelled"] >= 5
    assert types["app.uninstalled"] >= 3


def test_nothing_is_sent_on_a_channel_that_is_not_open(year: Played) -> None:
    is_open: dict[tuple[str, str], bool] = {}
    for event in year.events:
        if event.consent is not None and event.consent.axis == (
            "permission" if event.consent.channel == "push" else "subscription"
        ):
            is_open[event.customer_id, event.consent.channel] = event.consent.state == "in"
        elif event.type == "email.complained":
            is_open[event.customer_id, "email"] = False
        elif event.type in {"email.sent", "push.sent"}:
            assert is_open[event.customer_id, event.type.partition(".")[0]], event


def test_machines_open_mail_within_minutes_whether_its_reader_is_there_or_not(year: Played) -> None:
    delivered = {
        e.message.id: e.occurred_at for e in year.events if e.message and e.type == "email.delivered"
    }
    machine = [e for e in year.events if e.automated]
    assert len(machine) > 500
    assert all(e.message and e.occurred_at - delivered[e.message.id] < HOUR for e in machine)
    ends = {t.customer_id: t.lapsed_at for t in year.truth if t.stream == "message" and t.lapsed_at}
    assert any(e.occurred_at > ends[e.customer_id] for e in machine if e.customer_id in ends)


def test_the_truth_is_known_before_anything_is_played_and_stays_the_same_while_nobody_is_won_back(
    year: Played,
) -> None:
    assert shop().truth() == year.truth


def test_offers_begin_within_the_shops_time_and_are_in_order(year: Played) -> None:
    offers = year.shop.offers()
    since = [parse_time(offer["from"]) for offer in offers]
    assert since == sorted(since)
    assert {offer["kind"] for offer in offers} == {"new", "sale"}
    assert format_time(year.shop.start) == offers[0]["from"]


# --- the messaging service


def command(who: str, at: int, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - fields of a command
    text = format_time(at)
    return {
        "v": 1, "id": f"cmd-{who}-{at}", "seq": 1, "action": "send", "channel": "email", "customer_id": who,
        "signal": "s", "episode": "e", "play": "win_back", "step": 1,
        "message": {"template": "t", "list": "promotions", "variables": {}, "offer": None},
        "not_before": None, "expires_at": format_time(at + 2 * DAY), "at": text, "policy": "p",
        **more,
    }  # fmt: skip


def play_until(playing: Shop, moment: int) -> list[Happening]:
    played = []
    for happening in playing.events():
        played.append(happening)
        if playing.now >= moment:
            break
    return played


def about(happenings: list[Happening], id_: str) -> list[Happening]:
    return [h for h in happenings if h.event.get("message", {}).get("command_id") == id_]


@pytest.fixture
def playing() -> Shop:
    """A shop half a year old."""
    half = shop(customers=120)
    play_until(half, half.start + 180 * DAY)
    return half


def with_email(playing: Shop) -> str:
    """A customer whose email is open now."""
    return next(who.id for who in playing._lives.values() if who.consents["email"])


def test_a_send_is_carried_out_once_and_reported_with_its_command_id(playing: Shop) -> None:
    send = command(with_email(playing), playing.now)
    playing.respond(send)
    playing.respond(send)
    reports = about(list(playing.events()), send["id"])
    assert [h.event["type"] for h in reports][:1] == ["email.sent"]
    assert Counter(h.event["type"] for h in reports)["email.sent"] == 1
    assert all(h.event["message"]["campaign"] == "win_back" for h in reports)
    for happening in reports:
        read(happening)


def test_a_send_waits_for_its_moment_and_is_dropped_when_it_comes_too_late(playing: Shop) -> None:
    who, now = with_email(playing), playing.now
    waits = command(who, now, id="waits", not_before=format_time(now + 5 * HOUR))
    late = command(who, now, id="late", expires_at=format_time(now))
    playing.respond(waits)
    playing.respond(late)
    rest = list(playing.events())
    assert parse_time(about(rest, "waits")[0].event["occurred_at"]) >= now + 5 * HOUR
    assert about(rest, "late") == []


def test_a_cancelled_send_never_leaves(playing: Shop) -> None:
    send = command(with_email(playing), playing.now, not_before=format_time(playing.now + HOUR))
    playing.respond(send)
    playing.respond({**send, "id": "cancel", "action": "cancel", "cancels": send["id"]})
    assert about(list(playing.events()), send["id"]) == []


def test_a_send_without_consent_is_reported_as_dropped(playing: Shop) -> None:
    who = next(who.id for who in playing._lives.values() if not who.consents["email"])
    send = command(who, playing.now)
    playing.respond(send)
    assert [h.event["type"] for h in about(list(playing.events()), send["id"])] == ["email.dropped"]


def test_a_held_channel_gets_no_newsletters_until_it_is_released(playing: Shop) -> None:
    who, now = with_email(playing), playing.now
    playing.respond(command(who, now, id="hold", action="hold", until=format_time(now + 60 * DAY)))
    sent = [
        parse_time(h.event["occurred_at"])
        for h in playing.events()
        if h.event["type"] == "email.sent" and h.event["customer_id"] == who
    ]
    assert all(at >= now + 60 * DAY for at in sent)


def test_messages_in_the_app_are_shown_at_the_next_visit_there(playing: Shop) -> None:
    users = [who.id for who in playing._lives.values() if who.app]
    for who in users:
        playing.respond(command(who, playing.now, channel="in_app", id=f"in-{who}", expires_at=None))
    shown = [h for h in playing.events() if h.event["type"] == "in_app.shown"]
    assert len(users) / 3 < len(shown) <= len(users)
    for happening in shown:
        read(happening)


def test_some_who_had_stopped_are_won_back_and_the_truth_says_when() -> None:
    playing = shop(customers=150)
    asked: set[str] = set()
    happenings = []
    for happening in playing.events():
        happenings.append(happening)
        for who in list(playing._lives.values()):
            if who.id not in asked and who.gone("purchase", playing.now - 20 * DAY):
                asked.add(who.id)
                playing.respond(command(who.id, playing.now))
    untouched = {(t.customer_id, t.stream): t.returned_at for t in shop(customers=150).truth()}
    won = [t for t in playing.truth() if t.returned_at != untouched[t.customer_id, t.stream]]
    assert len(won) >= 5
    assert len({t.customer_id for t in won}) < len(asked)  # some are not
    acts = acts_of([read(happening) for happening in happenings])
    for truth in won:
        assert truth.lapsed_at is not None
        assert truth.returned_at is not None
        times = acts[truth.customer_id, truth.stream]
        assert not any(truth.lapsed_at <= at < truth.returned_at for at in times)
    assert any(at >= (t.returned_at or 0) for t in won for at in acts[t.customer_id, "purchase"])


def test_what_is_sent_to_one_changes_nothing_for_another() -> None:
    quiet, spoken_to = shop(customers=20, days=120), shop(customers=20, days=120)
    play_until(spoken_to, spoken_to.start + 60 * DAY)
    who = with_email(spoken_to)
    spoken_to.respond(command(who, spoken_to.now))
    rest = [h.event for h in spoken_to.events() if h.event["customer_id"] != who]
    calm = [h.event for h in quiet.events() if h.event["customer_id"] != who]
    assert rest == calm[len(calm) - len(rest) :]
