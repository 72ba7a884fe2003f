"""What a person gets to read whose scenario has a slip, and what a right one is read as."""

import re
from pathlib import Path

import pytest

from agents.scenarios import core
from agents.scenarios.form import Scenario, read_file
from agents.scenarios.given import ScenarioError
from agents.scenarios.script import sendings, ticks
from streams.wire.control import OffersFact
from streams.wire.times import DAY, HOUR, MINUTE, parse_time

DOC = Path(__file__).parents[3] / "docs" / "scenarios.md"
START = parse_time("2026-01-05T10:00:00.000Z")
WHOLE = """\
scenario: Anna
start: 2026-01-05T10:00:00Z
policy:
  detect:
    purchase_stopped: {rule: fixed, after: 30d}
events:
  - {at: 1d, customer: anna, type: web.visited}
until: 10d
then:
  - {signal: web_stopped}
"""


def read(folder: Path, text: str) -> list[Scenario]:
    file = folder / "story.yaml"
    file.write_text(text)
    return read_file(file)


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("until: 10d\n", "", 1, "`until` is missing"),
        ("until:", "untill:", 8, '"untill" is not a name in a scenario; did you mean until?'),
        ("until: 10d", "until: ten days", 8, "until must be a time from the start"),
        ("until: 10d", "until: 2025-01-01T00:00:00Z", 8, "until must be later than start"),
        ("2026-01-05T10:00:00Z", "3d", 2, "start must be a moment"),
        ("rule:", "rle:", 5, 'policy: detect.purchase_stopped.rle: unknown name "rle"'),
        ("web.visited", "web.visit", 7, '"web.visit" is not a type of event; did you mean web.visited?'),
        ("customer: anna, ", "", 7, "an event needs `customer`"),
        ("at: 1d, ", "", 7, "an event needs `at`"),
        ("at: 1d", "at: 11d", 7, "this would happen after `until`"),
        ("type:", "surfice: web, type:", 7, '"surfice" is not a name in an event; did you mean surface?'),
        ("visited}", "visited, repeat: {every: 7d}}", 7, "repeat needs every and times"),
        ("signal: web_stopped", "signal: web_stoped", 10, "did you mean web_stopped?"),
        ("signal: web_stopped", "customer: anna", 10, "a line of then is about a signal or a command"),
        (
            "signal: web_stopped",
            "signal: web_stopped, at: 1d, within: [1d, 2d]",
            10,
            "either `at` or `within`",
        ),
        ("then:", "why:\n  - {at: 1d, row: D4}\nthen:", 10, "a line of why needs `customer`"),
        ("then:", "why:\n  - {at: 99d, customer: anna}\nthen:", 10, "this would be asked after `until`"),
        ("then:", "why:\n  - {at: 1d, customer: anna, verdict: idle}\nthen:", 10, '"verdict" is not a name'),
        (
            "then:",
            "why:\n  - {at: 1d, customer: anna, row: D4, verdict: idel}\nthen:",
            10,
            "did you mean idle?",
        ),
        ("then:", "crowd: {customers: 0}\nthen:", 9, "a crowd has 1 to 5000 customers"),
        ("then:", "crowd: {seed: 3}\nthen:", 9, "a crowd needs `customers`"),
        ("then:", "only: perhaps\nthen:", 9, "only must be true or false"),
        ("then:", "until: 3d\nthen:", 9, '"until" is there twice'),
        ("then:", "service: {email: {read: 1m}}\nthen:", 9, '"read" is not a name in service.email'),
        ("then:", "control:\n  - {at: 1d, kind: cut}\nthen:", 10, "control needs `kind`, one of policy"),
        ("then:", "offers:\n  - {id: x, kind: gift}\nthen:", 10, "these offers do not fit the wire"),
        ("then:", "outage: [{surface: shop, from: 1d, to: 2d}]\nthen:", 9, '"shop" is not a source'),
        ("then:", "then: [", 9, "this is no YAML"),
    ],
)
def test_a_slip_is_told_with_its_line(tmp_path: Path, old: str, new: str, line: int, message: str) -> None:
    assert old in WHOLE
    with pytest.raises(ScenarioError) as refused:
        read(tmp_path, WHOLE.replace(old, new, 1))
    slip = refused.value.slips[0]
    assert message in slip.message
    assert slip.line == line or slip.message.startswith("this is no YAML")


def test_an_event_that_does_not_fit_the_wire_is_told_with_its_line(tmp_path: Path) -> None:
    bad = WHOLE.replace("type: web.visited", "type: order.completed, order: {total: much}")
    with pytest.raises(ScenarioError, match=r"line 7: this order.completed does not fit the wire: .*total"):
        core.run(read(tmp_path, bad)[0])


def test_texts_of_yaml_stay_texts(tmp_path: Path) -> None:
    story = WHOLE.replace("type: web.visited", "type: custom, name: on, properties: {a: off, b: 012, c: 1.5}")
    (scenario,) = read(tmp_path, story)
    assert scenario.events[0].fields == {"name": "on", "properties": {"a": "off", "b": "012", "c": 1.5}}


def test_ticks_come_daily_and_after_the_grace_of_each_moment_that_is_named(tmp_path: Path) -> None:
    (scenario,) = read(tmp_path, WHOLE.replace("at: 1d", "at: 1d 2h"))
    named = START + DAY + 2 * HOUR + 10 * MINUTE
    assert ticks(scenario) == {START + day * DAY for day in range(11)} | {named}


def test_copies_late_ones_and_repeats_arrive_when_they_are_said_to(tmp_path: Path) -> None:
    story = WHOLE.replace("visited}", "visited, repeat: {every: 2d, times: 3}, late: 1d, twice: 3h}")
    (scenario,) = read(tmp_path, story)
    sent = sendings(scenario)
    assert [s.at - START for s in sent] == [day * DAY + again for day in (2, 4, 6) for again in (0, 3 * HOUR)]
    ids = [re.findall(rb'"id":"([^"]+)"', s.value)[0] for s in sent]
    assert ids == [b"anna-1.1", b"anna-1.1", b"anna-1.2", b"anna-1.2", b"anna-1.3", b"anna-1.3"]


def test_an_outage_takes_the_events_of_its_source_and_tells_it_on_control(tmp_path: Path) -> None:
    story = WHOLE.replace("visited}", "visited, repeat: {every: 1d, times: 6}}").replace(
        "then:", "outage: [{surface: web, from: 2d, to: 4d}]\nthen:"
    )
    (scenario,) = read(tmp_path, story)
    assert [(s.at - START) // DAY for s in sendings(scenario)] == [1, 4, 5, 6]


def test_single_offers_add_up_and_begin_when_they_are_known(tmp_path: Path) -> None:
    offers = "offers:\n  - {id: a, kind: new}\n  - {at: 2d, id: b, kind: sale, until: 8d}\n"
    (scenario,) = read(tmp_path, WHOLE.replace("then:", f"{offers}then:"))
    told = [(told.at - START, told.fact) for told in scenario.told]
    assert [
        (at // DAY, [(o.id, (o.from_ - START) // DAY) for o in fact.offers])
        for at, fact in told
        if isinstance(fact, OffersFact)
    ] == [(0, [("a", 0)]), (2, [("a", 0), ("b", 2)])]


def test_policies_told_on_the_way_build_on_the_one_before(tmp_path: Path) -> None:
    control = """control:
  - {at: 5d, kind: policy, policy: {detect: {purchase_stopped: {after: 50d}}}}
  - {at: 2d, kind: policy, policy: {detect: {web_stopped: {enabled: false}}}}
"""
    (scenario,) = read(tmp_path, WHOLE.replace("then:", f"{control}then:"))
    second, third = (told.policy for told in scenario.told)
    assert second is not None
    assert third is not None
    assert (second.detect.purchase_stopped.after, third.detect.purchase_stopped.after) == (30 * DAY, 50 * DAY)
    assert not third.detect.web_stopped.enabled


def test_the_scenario_of_the_documentation_holds(tmp_path: Path) -> None:
    (example,) = re.findall(r"```yaml\n(.*?)```", DOC.read_text(), re.DOTALL)
    (scenario,) = read(tmp_path, example)
    outcome = core.run(scenario)
    assert outcome.holds, outcome.report()
