"""Ids, partitions, facts and the headers of rejects: what must be the same for ever."""

import pytest

from streams.wire.control import Offer, OffersFact, PolicyFact, PopulationFact, SourceFact, Tick, encode
from streams.wire.facts import Owner, decode_fact, fact_records, owned_partition, owner_record
from streams.wire.ids import command_id, episode_id, signal_id
from streams.wire.partition import murmur2, partition_of
from streams.wire.reject import Reason, Rejection, reject_headers

EPISODE = episode_id("c-42", "purchase_stopped", None, None, 1_795_255_200_000)


def test_ids_never_change() -> None:
    assert EPISODE == "9221ceb419d245e2fb90dad3c4c1d8d9"
    assert signal_id(EPISODE, "opened") == "938a16254cf4508e66eea46babb9a46a"
    assert command_id("c-42", EPISODE, "win_back", 1, "email", "send") == "0cb012263695539811622dc36f462481"


def test_every_part_of_an_episode_tells_it_from_others() -> None:
    ids = {
        EPISODE,
        episode_id("c-43", "purchase_stopped", None, None, 1_795_255_200_000),
        episode_id("c-42", "app_stopped", None, None, 1_795_255_200_000),
        episode_id("c-42", "purchase_stopped", "push", None, 1_795_255_200_000),
        episode_id("c-42", "purchase_stopped", None, "push", 1_795_255_200_000),
        episode_id("c-42", "purchase_stopped", None, None, 1_795_255_200_001),
        episode_id("c-42", "purchase_stopped", None, None, 1_795_255_200_000, 2),
        episode_id("c-42", "purchase_stopped", None, None, 1_795_255_200_000, 3),
    }
    assert len(ids) == 8


def test_the_first_opening_has_no_number() -> None:
    assert episode_id("c-42", "purchase_stopped", None, None, 1_795_255_200_000, 1) == EPISODE


def test_the_moment_names_a_command_only_where_no_episode_does() -> None:
    assert command_id("c", "e", "p", 1, "email", "send", 5) == command_id(
        "c", "e", "p", 1, "email", "send", 6
    )
    assert command_id("c", None, None, None, "email", "hold", 5) != command_id(
        "c", None, None, None, "email", "hold", 6
    )


@pytest.mark.parametrize(
    ("key", "signed"),
    # The vectors of Kafka's own test of its partitioner (UtilsTest.testMurmur2).
    [
        (b"21", -973932308),
        (b"foobar", -790332482),
        (b"a-little-bit-long-string", -985981536),
        (b"a-little-bit-longer-string", -1486304829),
        (b"lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971),
        (b"abc", 479470107),
    ],
)
def test_murmur2_is_javas(key: bytes, signed: int) -> None:
    assert murmur2(key) == signed & 0xFFFFFFFF
    assert partition_of(key, 8) == (signed & 0x7FFFFFFF) % 8


def test_a_policy_is_kept_as_the_one_in_force_and_under_its_version() -> None:
    fact = PolicyFact(version="abc", document={})
    assert fact_records(fact) == [(b"policy", encode(fact)), (b"policy:abc", encode(fact))]


@pytest.mark.parametrize(
    "fact",
    [
        PolicyFact(version="abc", document={"a": 1}),
        OffersFact(version="x", offers=[Offer(id="o", kind="app", from_=0)]),
        PopulationFact(version=1, priors={}, responses={}),
        SourceFact(source="web", state="healthy", since=0),
    ],
    ids=lambda fact: fact.kind,
)
def test_a_fact_is_read_back_under_each_of_its_keys(
    fact: PolicyFact | OffersFact | PopulationFact | SourceFact,
) -> None:
    assert [decode_fact(key, value) for key, value in fact_records(fact)] == [fact] * len(fact_records(fact))


def test_an_owner_is_read_back() -> None:
    owner = Owner(url="http://127.0.0.1:1", epoch=812)
    key, value = owner_record(3, owner)
    assert (key, value) == (b"owner:3", b'{"v":1,"url":"http://127.0.0.1:1","epoch":812}')
    assert decode_fact(key, value) == owner
    assert owned_partition(key) == 3


@pytest.mark.parametrize(
    "key", [None, b"", b"owner:", b"owner:x", b"owner:-1", b"owner:" + b"9" * 40, b"3", b"\xff"]
)
def test_another_key_is_no_owners(key: bytes | None) -> None:
    assert owned_partition(key) is None


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        (None, encode(PolicyFact(version="a", document={})), Reason.KEY),
        (b"offers", encode(PolicyFact(version="a", document={})), Reason.KEY),
        (b"policy:b", encode(PolicyFact(version="a", document={})), Reason.KEY),
        (b"tick", encode(Tick(at=0)), Reason.KEY),
        (b"policy", None, Reason.EMPTY),
        (b"policy", b"{", Reason.JSON),
        (b"owner:3", b"{}", Reason.FIELD),
    ],
)
def test_a_bad_fact_is_refused(key: bytes | None, value: bytes | None, reason: Reason) -> None:
    fact = decode_fact(key, value)
    assert isinstance(fact, Rejection)
    assert fact.reason is reason


def test_a_reject_says_where_it_came_from_and_why_without_a_value() -> None:
    headers = dict(reject_headers(Rejection(Reason.FIELD, "$.order.total"), "holdfast.events.web.v1", 3, 17))
    assert headers == {
        "holdfast.reject.reason": b"field",
        "holdfast.reject.detail": b"$.order.total",
        "holdfast.reject.topic": b"holdfast.events.web.v1",
        "holdfast.reject.partition": b"3",
        "holdfast.reject.offset": b"17",
        "__connect.errors.topic": b"holdfast.events.web.v1",
        "__connect.errors.partition": b"3",
        "__connect.errors.offset": b"17",
        "__connect.errors.stage": b"VALUE_CONVERTER",
        "__connect.errors.exception.class.name": b"com.holdfast.Rejected.field",
        "__connect.errors.exception.message": b"field $.order.total",
    }


def test_a_fault_of_the_key_is_of_the_keys_stage() -> None:
    headers = dict(reject_headers(Rejection(Reason.KEY), "t", 0, 0))
    assert headers["__connect.errors.stage"] == b"KEY_CONVERTER"
    assert headers["holdfast.reject.detail"] == b""
