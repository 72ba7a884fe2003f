"""The CDNOW history, where it is at hand, and the consents that it lacks.

It is test data of others (Fader and Hardie), never part of the project: it lies beside the repository in
`../shared/data`, or where HOLDFAST_DATA says, as our CSV or as the CDNOW_master.txt that others pass on. It
knows purchases only, so nobody in it may be written to; a second file gives email consent to half of the
customers, and later takes it back from some, so that sends, cancels and opt-outs occur.
"""

import csv
import gzip
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from itertools import islice
from pathlib import Path

from .machine import ROOT

ENVIRONMENT = "HOLDFAST_DATA"
REQUIRED = "HOLDFAST_REQUIRE_DATA"
"""Set to 1, a test that finds no history fails: who has the data must not lose the proof without noticing."""
FORMS = ("cdnow/events.csv.gz", "cdnow/CDNOW_master.txt", "CDNOW_master.txt")
OPT_OUT = "1997-09-15T12:00:00.000Z"
Row = Mapping[str, str]


def cdnow_file() -> Path | None:
    """Find the file; None where it is not at hand."""
    return next((data_folder() / name for name in FORMS if (data_folder() / name).is_file()), None)


def data_folder() -> Path:
    """Where the histories of others lie, if they are at hand."""
    return Path(os.environ.get(ENVIRONMENT) or ROOT.parent / "shared" / "data")


def why_missing() -> str:
    """Say where it was looked for."""
    told = os.environ.get(ENVIRONMENT)
    where = f"${ENVIRONMENT} ({told})" if told else f"../shared/data (and ${ENVIRONMENT} is not set)"
    return f"the CDNOW history is not at hand: no {' or '.join(FORMS)} in {where}"


def rows(file: Path) -> Iterator[Row]:
    """Read the purchases, in order of time."""
    if file.suffix == ".txt":
        yield from _master_rows(file)
        return
    with gzip.open(file, "rt", encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)


def _master_rows(file: Path) -> Iterator[Row]:
    """Read the form with blanks: customer, day as 19970101, number of discs, dollars; by customer."""
    purchases = [line.split() for line in file.read_text(encoding="ascii").splitlines() if line.strip()]
    for customer, day, _, dollars in sorted(purchases, key=lambda purchase: (purchase[1], purchase[0])):
        at = f"{day[:4]}-{day[4:6]}-{day[6:]}T00:00:00Z"
        yield {"customer_id": customer, "occurred_at": at, "type": "purchase", "amount": dollars}


def write_part(file: Path, to: Path, count: int, customers: int = 1) -> Path:
    """Write a part: the purchases of one customer in so many, and of those the first `count`."""
    chosen = (row for row in rows(file) if _lot("part", row["customer_id"]) % customers == 0)
    with to.open("w", encoding="utf-8", newline="") as lines:
        writer = csv.DictWriter(lines, ("customer_id", "occurred_at", "type", "amount"))
        writer.writeheader()
        writer.writerows(islice(chosen, count))
    return to


def write_consents(purchases: Path, to: Path) -> Path:
    """Write email consents: in for half of the customers on their first day, out for a tenth later."""
    first: dict[str, str] = {}
    opened = gzip.open if purchases.suffix == ".gz" else open
    with opened(purchases, "rt", encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            first.setdefault(row["customer_id"], row["occurred_at"])
    asked = [customer for customer in first if _lot("in", customer) % 2]
    events = [_consent(customer, first[customer].replace("Z", ".000Z"), "in", "asked") for customer in asked]
    events += [
        _consent(customer, OPT_OUT, "out", "unsubscribe")
        for customer in asked
        if _lot("out", customer) % 10 == 0 and first[customer] < OPT_OUT
    ]
    events.sort(key=lambda event: str(event["occurred_at"]))
    to.write_text("".join(json.dumps(event) + "\n" for event in events))
    return to


def _consent(customer: str, at: str, state: str, reason: str) -> dict[str, object]:
    return {
        "v": 1,
        "id": f"consent-{state}-{customer}",
        "source": "cdnow",
        "type": "consent.changed",
        "customer_id": customer,
        "occurred_at": at,
        "consent": {"channel": "email", "state": state, "scope": "all", "reason": reason},
    }


def _lot(what: str, customer: str) -> int:
    """A number drawn for a customer, the same in every run; one draw tells nothing about another."""
    return int.from_bytes(hashlib.blake2b(f"{what} {customer}".encode(), digest_size=6).digest(), "big")
