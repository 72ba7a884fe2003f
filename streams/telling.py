"""An answer to "why" as a page of plain sentences, for an engineer on call or a marketer.

It says what the answer holds and no more; a reason without a sentence of its own is told by its word.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from .wire.why import Channel, Row, Surface, Why

REASONS: Final[Mapping[str, str]] = {
    "absent": "not seen in the app or on the site lately, so silence is watched instead",
    "agreed_before": "agreed to before, so this would be a late opt-out",
    "answered": "the question about email has been answered",
    "cancelled": "cancelled before",
    "cap": "enough messages for now",
    "channel_closed": "the channel is closed already",
    "channel_still_answered": "there is a channel that is still answered",
    "closed": "closed by the customer",
    "consent_unknown": "no word of consent, which counts as no",
    "disabled": "switched off by the policy",
    "grace": "due, and waits for late events",
    "historical": "long past when it was found",
    "holdout": "in the holdout: nothing is sent, so that the effect can be measured",
    "list_off": "this kind of message is switched off",
    "migrated": "moved to another surface",
    "migration_undecided": "perhaps moved to another surface: one more cycle will tell",
    "never_agreed": "never agreed to, so there is nothing to take back",
    "never_engaged": "never reacted to a message, so there is nothing to fall from",
    "never_seen": "never seen",
    "never_used": "never used",
    "no_channel_ignored": "there is no channel whose messages are ignored",
    "no_other_channel": "no channel is left to try",
    "no_plan": "never had a paid plan",
    "no_regular_visits": "does not visit regularly",
    "not_consistent_yet": "not on every channel for long enough, or with too few messages",
    "not_new": "known for too long to be a new customer",
    "not_present": "not seen in the app or on the site lately",
    "nothing_delivered": "no message was delivered",
    "other_sign_of_lapse": "shows another sign of lapse",
    "outage": "its source is quiet for everybody",
    "policy_changed": "the policy in force has no such step",
    "token_invalid": "the push token was lost, and behaviour must agree",
    "too_late": "its time is over",
    "unanswered": "registered, and has not said yes or no to email yet",
}
_KINDS: Final[Mapping[str, str]] = {
    "purchase_stopped": "purchases",
    "app_stopped": "app",
    "web_stopped": "site",
    "store_stopped": "stores",
    "brand_stopped": "the brand as a whole",
    "message_disengaged": "reactions to messages",
    "present_but_deaf": "present but deaf",
    "deaf_everywhere": "deaf everywhere",
    "push_opted_out": "push opt-out",
    "email_declined": "email declined",
    "email_opted_out": "email opt-out",
    "premium_cancelled": "premium cancelled",
    "app_uninstalled": "app uninstalled",
}
_ORIGINS: Final[Mapping[str, str]] = {
    "own": "own rhythm",
    "pooled": "others' rhythm: too few gaps of their own",
    "default": "built-in rhythm: too little is known yet",
    "policy": "the policy's days",
}
_STREAMS: Final[Mapping[str, str]] = {
    "purchase_stopped": "purchase",
    "app_stopped": "app",
    "web_stopped": "web",
    "store_stopped": "store",
    "brand_stopped": "brand",
}


_SAID_BY_CONSENT: Final = ("closed", "consent_unknown")
"""What reach says and the consent before it has said."""


def told(answer: Why) -> str:
    """The whole page."""
    return "\n".join(_lines(answer)) + "\n"


def _lines(answer: Why) -> Iterator[str]:
    at = _minute(answer.at)
    if answer.first_seen is None:
        yield f"{answer.customer_id}: never seen, as of {at} UTC."
        yield "Or forgotten: erased, or silent for longer than the policy's memory."
        return
    yield f"{answer.customer_id} is {answer.stage}, as of {at} UTC."
    yield f"First seen {_minute(answer.first_seen)}. Policy {answer.policy}."
    yield ""
    yield "What is watched"
    for row in answer.rows:
        if row.play is None:
            yield f"  {row.row:<5} {_subject(row):<29} {row.verdict:<9} {_why(row, answer)}".rstrip()
    yield ""
    yield "What may be sent"
    for name, channel in answer.channels.items():
        yield f"  {name:<10} {_channel(channel)}"
    plays = [row for row in answer.rows if row.play is not None]
    if plays:
        yield ""
        yield "What is done about it"
        for row in plays:
            yield f"  {row.row:<5} {row.play:<29} {row.verdict:<9} {_play(row)}".rstrip()


def _subject(row: Row) -> str:
    """What a row is about: the surface, or the kind and the channel."""
    subject = _KINDS.get(row.kind or "", row.kind or "")
    where = "web push" if row.surface == "web" and row.channel == "push" else row.channel
    return f"{subject} ({where})" if where and row.channel not in subject.split() else subject


def _why(row: Row, answer: Why) -> str:
    """Since when, the rhythm, when it comes due, and the reasons."""
    surface = answer.surfaces.get(_STREAMS.get(row.kind or "", ""))
    parts = [f"since {_minute(row.since)}"] if row.since is not None else []
    if surface is not None:
        parts.append(_rhythm(surface))
    if row.due_at is not None and row.verdict == "watching":
        parts.append(f"due {_minute(row.due_at)}")
    return "; ".join([*parts, *map(_reason, row.reasons)])


def _rhythm(surface: Surface) -> str:
    """The silence so far against what is usual and what is too long."""
    origin = _ORIGINS.get(surface.threshold_from, surface.threshold_from)
    seen = f"seen {surface.occasions} times" if surface.occasions > 1 else "seen once"
    return (
        f"silent for {_days(surface.silent)}, usually {_days(surface.typical_gap)}, "
        f"too long after {_days(surface.threshold)} ({origin}, {seen})"
    )


def _channel(channel: Channel) -> str:
    """Consent, deliveries, and what reach says."""
    word = {"in": "agreed", "out": "closed", "unknown": "no word of consent"}[channel.consent]
    parts = [f"{word} since {_minute(channel.since)}" if channel.since else word]
    if channel.consent_reason:
        parts[0] += f" ({channel.consent_reason})"
    if channel.lists_off:
        parts.append(f"without {', '.join(channel.lists_off)}")
    if channel.delivered:
        reacted = f", {channel.reacted} answered" if channel.reacted is not None else ""
        parts.append(f"{channel.delivered} delivered{reacted}")
    if channel.reach == "yes":
        parts.append("open")
    elif channel.reach is not None and channel.why not in _SAID_BY_CONSENT:
        when = f" until {_minute(channel.when)}" if channel.when else ""
        parts.append(f"not now{when}: {_reason(channel.why or '')}")
    return "; ".join(parts)


def _play(row: Row) -> str:
    """The step that comes, came or cannot come, and what blocks."""
    parts = [f"step {row.step}"] if row.step is not None else []
    if row.channel:
        parts.append(f"by {row.channel}")
    if row.due_at is not None:
        parts.append(f"at {_minute(row.due_at)}")
    said = " ".join(parts)
    return "; ".join([*([said] if said else []), *map(_reason, row.reasons)])


def has_sentence(reason: str) -> bool:
    """Whether a reason has a sentence of its own."""
    return _parts(reason)[1] in REASONS


def _reason(word: str) -> str:
    """A reason as a sentence: reach's are told by channel, some name what they are about."""
    channel, name, what = _parts(word)
    sentence = REASONS.get(name, name.replace("_", " "))
    return f"{channel}: {sentence}" if channel else f"{sentence}: {what}" if what else sentence


def _parts(word: str) -> tuple[str, str, str]:
    """A reason's channel (``email: closed``), name, and what it is about (``list_off(sale)``)."""
    channel, colon, reason = word.partition(": ")
    name, _, what = (reason if colon else word).removesuffix(")").partition("(")
    return channel if colon else "", name, what


def _days(text: str) -> str:
    return f"{text[:-1]} d"


def _minute(at: str) -> str:
    return f"{at[:10]} {at[11:16]}"
