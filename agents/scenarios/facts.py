"""Facts on control: the policy of a scenario, and what `offers` and `control` tell at given moments."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final

from streams.policy.parse import changed, document, from_document, merged, version
from streams.policy.problems import PolicyError
from streams.wire.control import (
    Fact,
    Offer,
    OffersFact,
    PolicyFact,
    PopulationFact,
    SourceFact,
    decode_control,
    encode,
)
from streams.wire.reject import Rejection
from streams.wire.times import format_time

from .given import Given, ScenarioError, Slip
from .moments import moment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from streams.policy.model import Policy


_OFFER: Final = ("id", "kind", "categories", "from", "until", "variables")
_CONTROL: Final[Mapping[str, tuple[str, ...]]] = {
    "policy": ("at", "kind", "version", "policy", "document"),
    "offers": ("at", "kind", "version", "offers"),
    "population": ("at", "kind", "version", "priors", "responses"),
    "source": ("at", "kind", "source", "state", "since"),
}
_STEP: Final = re.compile(r'"([^"]*)"|([^.\[\]]+)')


@dataclass(frozen=True, slots=True)
class Told:
    """A fact that is told at a moment (ms); ``policy`` is the policy if it is one."""

    at: int
    fact: Fact
    policy: Policy | None = None


def fact_of(policy: Policy) -> PolicyFact:
    """The control record of a policy."""
    return PolicyFact(version=version(policy), document=document(policy))


def policy_of(base: str | Policy, given: Given | None, *, holdout_off: bool = False) -> Policy:
    """A policy (or the text of one) with the changes of a scenario.

    With `holdout_off` nobody is in the holdout unless the scenario says so: what it shows is the response.
    """
    changes: dict[str, Any] = dict(given.plain or {}) if given and given.table("policy") is not None else {}
    if holdout_off:
        holdout = changes.get("holdout", {})
        changes["holdout"] = {"share": 0.0, **holdout} if isinstance(holdout, dict) else holdout
    try:
        if isinstance(base, str):
            return changed(base, changes)
        return from_document(merged(document(base), changes))
    except PolicyError as error:
        raise ScenarioError(
            [_slip(given, problem.path, problem.message) for problem in error.problems]
        ) from None


def _slip(given: Given | None, path: str, message: str) -> Slip:
    """A problem of the policy at the line that brought it in."""
    parts = [quoted or (int(plain) if plain.isdecimal() else plain) for quoted, plain in _STEP.findall(path)]
    line = given.line_of(parts) if given else 1
    return Slip(line, f"policy: {path}: {message}" if path else f"policy: {message}")


def told(table: dict[str, Given], start: int, policy: Policy) -> Iterator[Told]:
    """What `offers` and `control` tell, in the order of time; policies build on the one before."""
    records = list(_offers(table.get("offers"), start))
    now = policy
    for entry in sorted(_controls(table.get("control")), key=lambda entry: _at(entry, start)):
        at, kind = _at(entry, start), entry.table("control")["kind"].plain
        if kind == "policy":
            now = policy_of(now, _changes(entry))
            records.append(Told(at, fact_of(now), now))
        elif kind == "offers":
            offers = entry.table("control").get("offers")
            records.append(
                Told(at, _offers_fact(entry, offers.entries("offers") if offers else [], at, start))
            )
        else:
            records.append(Told(at, _other(entry, str(kind), at, start)))
    yield from sorted(records, key=lambda record: record.at)


def _controls(given: Given | None) -> Iterator[Given]:
    for entry in given.entries("control") if given else []:
        table = entry.table("a control record")
        kind = table["kind"].plain if "kind" in table else None
        if kind not in _CONTROL:
            entry.fail(f"control needs `kind`, one of {', '.join(_CONTROL)}")
        entry.named(f"a {kind} record", _CONTROL[str(kind)])
        yield entry


def _at(entry: Given, start: int) -> int:
    table = entry.table("a control record")
    return moment(table["at"], start) if "at" in table else start


def _changes(entry: Given) -> Given:
    table = entry.table("control")
    found = table.get("policy") or table.get("document")
    if found is None:
        entry.fail("a policy record needs `policy`: the names that change")
    return found


def _offers(given: Given | None, start: int) -> Iterator[Told]:
    """Either whole records (`offers: [...]` at a moment, replacing the one before), or single offers.

    Single offers add up: from its `at` on each is there besides the earlier ones.
    """
    single: list[Given] = []
    for entry in given.entries("offers") if given else []:
        if "offers" in entry.table("an offer"):
            table = entry.named("offers", ("at", "offers"))
            at = _at(entry, start)
            yield Told(at, _offers_fact(entry, table["offers"].entries("offers"), at, start))
        else:
            single.append(entry)
    for at in sorted({_at(entry, start) for entry in single}):
        there = [entry for entry in single if _at(entry, start) <= at]
        yield Told(at, _offers_fact(there[0], there, start, start))


def _offers_fact(where: Given, entries: list[Given], at: int, start: int) -> OffersFact:
    offers = [_offer(entry, at, start) for entry in entries]
    canonical = json.dumps(offers, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    number = blake2b(canonical.encode(), digest_size=16).hexdigest()
    body = {"v": 1, "kind": "offers", "version": number, "offers": offers}
    fact = decode_control(json.dumps(body).encode())
    if not isinstance(fact, OffersFact):
        where.fail(f"these offers do not fit the wire: {_reason(fact)}")
    return fact


def _offer(entry: Given, at: int, start: int) -> dict[str, Any]:
    table = entry.named("an offer", ("at", *_OFFER))
    for needed in ("id", "kind"):
        if needed not in table:
            entry.fail(f"an offer needs `{needed}`")
    offer = {name: given.plain for name, given in table.items() if name in _OFFER}
    known = _at(entry, start) if "at" in table else at
    offer["from"] = format_time(moment(table["from"], start, "from") if "from" in table else known)
    if table.get("until") is not None and table["until"].plain is not None:
        offer["until"] = format_time(moment(table["until"], start, "until"))
    return offer


def _other(entry: Given, kind: str, at: int, start: int) -> Fact:
    table = entry.table("control")
    body = {name: given.plain for name, given in table.items() if name != "at"}
    if kind == "source":
        body["since"] = format_time(moment(table["since"], start, "since") if "since" in table else at)
    fact = decode_control(json.dumps({"v": 1, **body}).encode())
    if not isinstance(fact, SourceFact | PopulationFact):
        entry.fail(f"this {kind} record does not fit the wire: {_reason(fact)}")
    return fact


def _reason(fact: object) -> str:
    return f"{fact.reason} at {fact.path}" if isinstance(fact, Rejection) else type(fact).__name__


def key_of(told: Told) -> tuple[int, bytes]:
    """What makes two told facts the same: for players that play several scenarios at once."""
    return told.at, encode(told.fact)


assert set(_OFFER) == {"from" if name == "from_" else name for name in Offer.__struct_fields__}
