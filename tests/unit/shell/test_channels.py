"""Which command topics a worker asks for at its start: those of the policy in force, if it can be read."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from agents import channels
from agents.channels import channels_in_use
from agents.settings.model import Settings
from streams.topics import CHANNELS
from streams.wire.control import PolicyFact


@pytest.mark.parametrize(
    ("document", "wanted"),
    [
        ({"channels": {"sms": {}}}, (*CHANNELS, "sms")),
        ({"a name of a later version": 1}, CHANNELS),
        (None, CHANNELS),
    ],
    ids=["with a channel of the brand's own", "of a later version", "none"],
)
async def test_a_policy_that_cannot_be_read_stops_no_worker(
    monkeypatch: pytest.MonkeyPatch, document: Mapping[str, Any] | None, wanted: tuple[str, ...]
) -> None:
    async def look(*_: object) -> SimpleNamespace:
        return SimpleNamespace(topics={"holdfast.facts.v1": object()})

    async def in_force(*_: object) -> PolicyFact | None:
        return None if document is None else PolicyFact(version="v", document=dict(document))

    monkeypatch.setattr(channels, "look", look)
    monkeypatch.setattr(channels, "policy_in_force", in_force)
    assert await channels_in_use(Settings()) == wanted
