"""Reading a history: what rows become, in which order, and what is said of those that become nothing."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from agents.replay import BadRow, HistoryError, HistoryEvent, Mapping, read_history
from agents.replay.mapping import ALIASES, CONSENTS, WIRE_TYPES, meaning_of, topic_of
from agents.replay.source import parse_moment
from streams.wire.codec import decode
from streams.wire.event import TYPES_BY_TOPIC, Event
from streams.wire.times import parse_time

HEADER = "customer_id,occurred_at,type,amount"


class Folder:
    """Writes history files."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def csv(self, *rows: str, header: str = HEADER, name: str = "history.csv") -> Path:
        return self.bytes("\n".join([header, *rows, ""]).encode(), name)

    def bytes(self, content: bytes, name: str) -> Path:
        file = self.path / name
        file.write_bytes(content)
        return file


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def only(history: list[HistoryEvent]) -> dict[str, Any]:
    (event,) = history
    value: dict[str, Any] = json.loads(event.value)
    return value


def customers(*paths: Path) -> list[str]:
    return [event.key.decode() for event in read_history(paths)]


def test_a_purchase_becomes_an_order_on_the_web(folder: Folder) -> None:
    (event,) = read_history([folder.csv("c1,1997-01-01T00:00:00Z,purchase,11.77")])
    value = json.loads(event.value)
    id_ = value["id"]
    assert event[:2] == ("web", b"c1")
    assert event.occurred_at == parse_time("1997-01-01T00:00:00.000Z")
    assert value == {
        "v": 1,
        "id": id_,
        "source": "replay",
        "type": "order.completed",
        "customer_id": "c1",
        "occurred_at": "1997-01-01T00:00:00.000Z",
        "surface": "web",
        "order": {"id": id_, "total": "11.77", "currency": "EUR"},
    }


@pytest.mark.parametrize(
    ("type_", "topic", "wire"),
    [
        ("visit", "web", "web.visited"),
        ("purchase@store", "store", "order.completed"),
        ("visit@app", "app", "app.opened"),
        ("refund", "web", "order.refunded"),
        ("app.opened", "app", "app.opened"),
        ("app.installed", "app", "app.installed"),
        ("app.uninstalled", "app", "app.uninstalled"),
        ("email.sent", "email", "email.sent"),
        ("email.unsubscribed", "account", "consent.changed"),
        ("message.engaged", "email", "email.clicked"),
        ("push.opened", "push", "push.opened"),
        ("push.token_invalid", "push", "push.token_invalid"),
        ("in_app.clicked", "app", "in_app.clicked"),
        ("customer.registered", "account", "customer.registered"),
    ],
)
def test_everyday_names_and_names_of_the_wire_are_understood(
    folder: Folder, type_: str, topic: str, wire: str
) -> None:
    (event,) = read_history([folder.csv(f"c1,2026-01-01,{type_},")])
    assert event.topic == topic
    assert json.loads(event.value)["type"] == wire


def test_whatever_a_name_means_the_worker_can_read(folder: Folder) -> None:
    names = [name for name in (*ALIASES, *CONSENTS, "visit", *WIRE_TYPES) if _is_known(name)]
    assert len(names) > 35
    events = list(read_history([folder.csv(*(f"c1,2026-01-01,{name},1" for name in names))]))
    assert len(events) == len(names)
    assert all(isinstance(decode(e.key, e.value, e.topic, e.occurred_at), Event) for e in events)


def _is_known(name: str) -> bool:
    try:
        meaning_of(name, "web")
    except ValueError:
        return False
    return True


def test_topics_are_those_of_the_wire() -> None:
    for topic, types in TYPES_BY_TOPIC.items():
        for type_ in types:
            if type_ != "consent.changed":
                assert topic_of(type_, topic) == topic
    assert topic_of("consent.changed", None) == "account"


def test_an_unsubscription_is_a_change_of_consent(folder: Folder) -> None:
    event = only(list(read_history([folder.csv("c1,2026-01-01,email.unsubscribed,")])))
    assert event["consent"] == {"channel": "email", "state": "out", "scope": "all", "reason": "unsubscribe"}


def test_foreign_columns_types_and_currency_are_mapped(folder: Folder) -> None:
    file = folder.csv(
        "S1,12,2026-01-01,9.5,KAUF",
        header="Shop,CustomerNo,Date,Total,Kind",
    )
    mapping = Mapping(
        {"customer_id": "CustomerNo", "occurred_at": "Date", "amount": "Total", "type": "Kind"},
        {"KAUF": "order.completed@store"},
        source="till",
        currency="GBP",
    )
    (event,) = read_history([file], mapping)
    value = json.loads(event.value)
    assert event[:2] == ("store", b"12")
    assert value["source"] == "till"
    assert value["order"]["total"] == "9.5"
    assert value["order"]["currency"] == "GBP"


def test_a_list_of_orders_needs_no_column_for_type_or_amount(folder: Folder) -> None:
    event = only(list(read_history([folder.csv("c1,2026-01-01", header="customer_id,occurred_at")])))
    assert event["type"] == "order.completed"
    assert event["order"]["total"] == "0"


def test_a_refund_names_what_was_paid_back(folder: Folder) -> None:
    event = only(list(read_history([folder.csv("c1,2026-01-01,refund,-12.50")])))
    assert event["order"]["total"] == "12.50"


def test_where_a_visit_happened_is_as_the_user_says(folder: Folder) -> None:
    (event,) = read_history([folder.csv("c1,2026-01-01,visit,")], Mapping(surface="store"))
    assert event.topic == "store"


def test_compressed_files_are_known_by_their_content_and_give_the_same_events(folder: Folder) -> None:
    plain = folder.csv("c1,2026-01-01,purchase,1", "c2,2026-01-02,purchase,2")
    packed = folder.bytes(gzip.compress(plain.read_bytes()), "renamed.csv")
    assert list(read_history([packed])) == list(read_history([plain]))


def test_a_byte_order_mark_and_windows_line_ends_change_nothing(folder: Folder) -> None:
    content = f"{HEADER}\r\nc1,2026-01-01,purchase,1\r\n".encode()
    marked = folder.bytes(b"\xef\xbb\xbf" + content, "marked.csv")
    assert customers(marked) == ["c1"]


OPENED = {"v": 1, "id": "2", "source": "s", "type": "app.opened"}


def _line(**fields: Any) -> bytes:  # noqa: ANN401 - whatever JSON can hold
    return json.dumps(fields).encode()


def test_json_lines_of_wire_events_pass_byte_for_byte(folder: Folder) -> None:
    lines = [
        _line(
            v=1, id="1", source="s", type="web.visited", customer_id="c1", occurred_at="2026-01-01T00:00:00Z"
        ),
        _line(occurred_at="2026-01-01T00:00:01.5Z", customer_id="c2", **OPENED).replace(b'": ', b'" :  '),
    ]
    history = list(read_history([folder.bytes(b"\n".join(lines) + b"\n\n", "events.jsonl")]))
    assert [event.value for event in history] == lines
    assert [event.topic for event in history] == ["web", "app"]
    assert [event.key for event in history] == [b"c1", b"c2"]
    assert history[1].occurred_at - history[0].occurred_at == 1500


def test_equal_rows_are_distinct_events_and_always_the_same_ones(folder: Folder) -> None:
    file = folder.csv(*["c1,1997-01-01T00:00:00Z,purchase,11.77"] * 3)
    first, moved = list(read_history([file])), list(read_history([file.rename(file.with_name("moved.csv"))]))
    assert len({event.value for event in first}) == 3
    assert first == moved


def test_the_same_line_of_another_file_is_another_event(folder: Folder) -> None:
    january = folder.csv("c1,2026-01-01,purchase,5", name="january.csv")
    february = folder.csv("c1,2026-02-01,purchase,5", name="february.csv")
    ids = {json.loads(event.value)["id"] for event in read_history([january, february])}
    assert len(ids) == 2


def test_files_are_merged_in_order_of_time_and_files_named_first_go_first(folder: Folder) -> None:
    one = folder.csv(
        "a,2026-01-01,purchase,1", "b,2026-01-03,purchase,1", "c,2026-01-03,purchase,1", name="1.csv"
    )
    two = folder.csv("d,2026-01-02,purchase,1", "e,2026-01-03,purchase,1", name="2.csv")
    assert customers(one, two) == ["a", "d", "b", "c", "e"]
    assert customers(two, one) == ["a", "d", "e", "b", "c"]


def test_no_file_is_no_history() -> None:
    assert list(read_history([])) == []


def test_a_file_that_goes_back_in_time_is_refused_with_its_line_or_sorted(folder: Folder) -> None:
    file = folder.csv("b,2026-01-02,purchase,1", "a,2026-01-01,purchase,1", "c,2026-01-02,purchase,1")
    with pytest.raises(HistoryError, match=r"history\.csv:3: earlier than line 2; .* --sort"):
        customers(file)
    assert [event.key for event in read_history([file], sort=True)] == [b"a", b"b", b"c"]


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("c1,2026-01-01,PURCH,1", r"unknown type 'PURCH'.* --type 'PURCH'=order\.completed@web"),
        ("c1,2026-01-01,purchas,1", r"did you mean 'purchase'\?"),
        ("c1,2026-01-01,plan.started,1", r"give them as JSON lines"),
        ("c1,2026-01-01,visit@moon,", r"unknown surface 'moon'"),
        ("c1,yesterday,purchase,1", r"no time: 'yesterday'"),
        ("c1,,purchase,1", r"no time: ''"),
        (",2026-01-01,purchase,1", r"no customer id"),
        ("c1,2026-01-01,purchase,much", r"no amount: 'much'"),
        ("c1,2026-01-01,purchase,1e5", r"no amount"),
        ("c1,2026-01-01,purchase,NaN", r"no amount"),
        (f"{'c' * 129},2026-01-01,purchase,1", r"field at \$\.customer_id"),
        ("c1,1969-01-01,purchase,1", r"time at \$\.occurred_at"),
    ],
)
def test_a_bad_row_is_named_with_its_line_and_what_to_do(folder: Folder, row: str, reason: str) -> None:
    file = folder.csv("c0,1968-01-01,purchase,1", row) if "1969" in row else folder.csv(row)
    with pytest.raises(HistoryError, match=rf"history\.csv:2: .*{'' if '1969' in row else reason}"):
        customers(file)
    bad: list[BadRow] = []
    assert list(read_history([file], on_bad=bad.append)) == []
    assert bad[-1].line == (3 if "1969" in row else 2)
    with pytest.raises(AssertionError, match=reason):
        raise AssertionError(str(bad[-1]))


def test_bad_rows_can_be_left_out_and_are_told(folder: Folder) -> None:
    file = folder.csv("c1,2026-01-01,purchase,1", "c2,2026-01-02,what,1", "c3,2026-01-03,purchase,1")
    bad: list[BadRow] = []
    history = list(read_history([file], on_bad=bad.append))
    assert [event.key for event in history] == [b"c1", b"c3"]
    assert [(row.file, row.line) for row in bad] == [(str(file), 3)]


def test_a_bad_line_of_json_is_named_too(folder: Folder) -> None:
    file = folder.bytes(b'{"type": "web.visited"}\n', "events.jsonl")
    with pytest.raises(HistoryError, match=r"events\.jsonl:1: no event of the wire: .*customer_id"):
        customers(file)
    late = folder.bytes(
        _line(occurred_at="2026-01-01T00:00:00Z", customer_id="c2", **{**OPENED, "v": 2}), "late.jsonl"
    )
    with pytest.raises(HistoryError, match=r"version at \$\.v"):
        customers(late)


def test_rows_over_several_lines_are_named_by_their_first(folder: Folder) -> None:
    file = folder.csv('"c\n1",2026-01-01,purchase,1', "c2,2026-01-01,what,1")
    with pytest.raises(HistoryError, match=r":4: unknown type"):
        customers(file)


def test_a_missing_column_is_told_with_the_flag_that_names_it(folder: Folder) -> None:
    file = folder.csv("1,2026-01-01", header="Kunde,occurred_at")
    with pytest.raises(
        HistoryError, match=r"has Kunde, occurred_at\. Name the column: --map customer_id=COLUMN"
    ):
        customers(file)


def test_a_mapped_column_must_be_there(folder: Folder) -> None:
    file = folder.csv("c1,2026-01-01,purchase,1")
    with pytest.raises(HistoryError, match=r"no column 'Total' for amount"):
        list(read_history([file], Mapping({"amount": "Total"})))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"no column 'customer_id' .* has nothing"),
        (gzip.compress(b"customer_id,occurred_at\n" * 500)[:-20], "cannot be read"),
        (f"{HEADER}\nM\u00fcller,2026-01-01,purchase,1\n".encode("latin-1"), "not UTF-8"),
    ],
    ids=["empty", "cut off", "not UTF-8"],
)
def test_a_broken_file_is_told_without_a_traceback(folder: Folder, content: bytes, message: str) -> None:
    with pytest.raises(HistoryError, match=message):
        customers(folder.bytes(content, "broken.csv"))


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(HistoryError, match="cannot be read"):
        customers(tmp_path / "nothing.csv")


def test_progress_counts_the_bytes_on_disk(folder: Folder) -> None:
    plain = folder.csv(*(f"c{n},2026-01-01,purchase,1" for n in range(2000)))
    packed = folder.bytes(gzip.compress(plain.read_bytes()), "packed.csv.gz")
    for file in (plain, packed):
        read: list[int] = []
        assert len(list(read_history([file], read=read.append))) == 2000
        assert sum(read) == file.stat().st_size


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("2026-01-01", "2026-01-01T00:00:00Z"),
        ("2026-01-01 10:00:00", "2026-01-01T10:00:00Z"),
        ("2026-01-01T10:00:00+01:00", "2026-01-01T09:00:00Z"),
        ("2026-01-01T10:00:00.1234Z", "2026-01-01T10:00:00.123Z"),
    ],
)
def test_times_are_read_as_people_write_them(text: str, same: str) -> None:
    assert parse_moment(text) == parse_time(same)


@pytest.mark.parametrize(
    "arguments",
    [{"columns": {"name": "x"}}, {"surface": "moon"}, {"types": {"X": "what"}}, {"source": ""}],
)
def test_a_mapping_that_cannot_be_meant_is_refused_at_once(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"unknown|the source is"):
        Mapping(**arguments)
