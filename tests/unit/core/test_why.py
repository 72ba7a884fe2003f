"""Why: it says what holds and what blocks, asks the rules themselves, and changes nothing."""

from typing import Any

import jsonschema  # type: ignore[import-untyped] # carries no types, and its stubs would be one more pin
import msgspec

from streams.telling import told
from streams.wire.schemas import schemas
from streams.wire.times import DAY, format_time
from streams.wire.why import Row, Why, decode_why, encode_why

from ...support.story import Happening, Story, T, buy, consent, every, message, policy, tell, weekly_buyer


def why(story: Story, who: str = "c1") -> Why:
    return story.offline.why(who)


def row(answer: Why, name: str, channel: str | None = None) -> Row:
    (found,) = [each for each in answer.rows if each.row == name and channel in (None, each.channel)]
    return found


def busy() -> Story:
    """Somebody with something of everything."""
    history: list[Happening] = [
        *weekly_buyer(),
        *every(DAY, 60, T + 20 * DAY, "app.opened"),
        consent(T - 60 * DAY, "email", "in"),
        consent(T - 60 * DAY, "push", "in"),
        message(T - 50 * DAY, "push.delivered"),
        consent(T - 3 * DAY, "push", "out", reason="settings"),
    ]
    return tell(history, T + 22 * DAY)


def test_it_says_what_a_signal_said_in_the_same_words() -> None:
    story = busy()
    opened = story.signals("purchase_stopped", "opened")[0]
    found = row(why(story), "D4")
    assert (found.verdict, found.since) == ("open", opened["at"])
    assert found.evidence["rule"] == opened["evidence"]["rule"]
    words = opened["evidence"]["surface"]
    assert {**found.evidence["surface"], "silent": words["silent"]} == words


def test_a_deadline_that_it_names_is_when_the_signal_comes() -> None:
    history = [*weekly_buyer(), *every(DAY, 60, T + 29 * DAY, "app.opened")]
    before = tell([h for h in history if h.arrives < T + 9 * DAY], T + 9 * DAY)
    named = row(why(before), "D4").due_at
    assert named == tell(history, T + 30 * DAY).signals("purchase_stopped", "opened")[0]["at"]


def test_asking_changes_nothing() -> None:
    story = busy()
    rows = dict(story.offline.partitions[0].rows)
    first, second = why(story), why(story)
    assert first == second
    assert story.offline.partitions[0].rows == rows


def test_somebody_never_seen_is_told_so_in_every_row() -> None:
    answer = why(busy(), "somebody")
    assert (answer.first_seen, answer.surfaces, answer.channels, answer.stage) == (None, {}, {}, "steady")
    assert {(each.verdict, each.reasons) for each in answer.rows} == {("idle", ("never_seen",))}
    assert told(answer).startswith("somebody: never seen")


def test_who_is_erased_is_not_known_any_more() -> None:
    history = [buy(T), *every(DAY, 3, T + 3 * DAY, "app.opened")]
    erased = Happening(T + 4 * DAY, "account", _erased(T + 4 * DAY))
    assert why(tell([*history, erased], T + 5 * DAY)).first_seen is None


def _erased(at: int) -> dict[str, Any]:
    return {
        "v": 1,
        "id": "e",
        "source": "test",
        "type": "customer.erased",
        "customer_id": "c1",
        "occurred_at": format_time(at),
    }


def test_an_answer_is_as_its_schema_says_and_is_read_back() -> None:
    answer = why(busy())
    body = encode_why(answer)
    jsonschema.Draft202012Validator(schemas()["why"]).validate(msgspec.json.decode(body))
    assert decode_why(body) == answer


def test_every_verdict_and_reason_is_told_to_a_person() -> None:
    answer = why(busy())
    page = told(answer)
    for each in answer.rows:
        assert f"  {each.row:<5} " in page
        assert each.verdict in page
    assert "silent for" in page
    assert "push" in page


def test_a_holdout_and_an_import_are_what_keeps_plays_back() -> None:
    history = [*weekly_buyer(), *every(DAY, 60, T + 20 * DAY, "app.opened")]
    held = why(tell(history, T + 22 * DAY, policy(holdout={"share": 1.0})))
    assert row(held, "R6").reasons == ("holdout",)
    imported = [Happening(T + 30 * DAY, h.topic, h.body) for h in weekly_buyer()]
    late = why(Story().play([*imported], [T + 29 * DAY, T + 31 * DAY]))
    assert row(late, "R6").reasons == ("historical",)
