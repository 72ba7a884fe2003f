"""A file of offers becomes the record of the wire, or is refused with the place."""

from pathlib import Path

import pytest

from agents.commands.offers import read_offers
from agents.errors import CommandFailedError
from streams.wire.times import parse_time

GOOD = """
[[offers]]
id = "winter"
kind = "sale"
categories = ["coffee"]
from = 2026-11-21T10:00:00Z
until = "2026-12-01T00:00:00Z"
variables = { percent = 20 }
"""


def read(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "offers.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_offers_are_read_with_quoted_and_bare_times(tmp_path: Path) -> None:
    (offer,) = read_offers(read(tmp_path, GOOD)).offers
    assert (offer.id, offer.kind, offer.categories) == ("winter", "sale", ["coffee"])
    assert offer.from_ == parse_time("2026-11-21T10:00:00Z")
    assert offer.until == parse_time("2026-12-01T00:00:00Z")
    assert offer.variables == {"percent": 20}


def test_no_offers_are_a_valid_file(tmp_path: Path) -> None:
    assert read_offers(read(tmp_path, "")).offers == []


def test_the_version_is_a_function_of_what_the_file_says(tmp_path: Path) -> None:
    same = GOOD.replace("2026-11-21T10:00:00Z", '"2026-11-21T10:00:00.000Z"') + "# a comment\n"
    first = read_offers(read(tmp_path, GOOD)).version
    assert read_offers(read(tmp_path, same)).version == first
    assert read_offers(read(tmp_path, GOOD.replace("20", "30"))).version != first


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("kind =", "kynd ="), "did you mean kind"),
        (('"sale"', '"gift"'), "offers"),
        (("[[offers]]", "[[offer]]"), "did you mean offers"),
        (("[[offers]]", "[offers]"), "write \\[\\[offers\\]\\]"),
        (("2026-12-01", "2026-11-01"), "ends before it begins"),
        (("2026-11-21T10:00:00Z", "2026-11-21"), "is no moment"),
        (("2026-11-21T10:00:00Z", "2026-11-21T10:00:00"), "is no moment"),
        (('id = "winter"', 'id = ""'), "offers"),
        (("[[offers]]", "[[offers"), "offers.toml"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_place(
    tmp_path: Path, change: tuple[str, str], message: str
) -> None:
    with pytest.raises(CommandFailedError, match=message):
        read_offers(read(tmp_path, GOOD.replace(*change)))


def test_an_offer_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CommandFailedError, match="winter is there twice"):
        read_offers(read(tmp_path, GOOD + GOOD))
