"""[detect]: for each kind of signal, whether it is looked for and what "too long" means."""

from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Any, Final, Literal

from pydantic import Field, TypeAdapter, ValidationError, model_validator

from ..wire.times import DAY, MINUTE
from .base import Amount, Chance, Flag, Share, Table
from .durations import Duration, Period
from .names import KINDS, OTHER_KINDS, SILENCE_KINDS, RuleName

Forgetting = Annotated[Share, Field(gt=0)]

_COMMON: Final[Mapping[str, TypeAdapter[Any]]] = {
    "grace": TypeAdapter(Duration),
    "forgetting": TypeAdapter(Forgetting),
}


def _fits(name: str, value: object) -> bool:
    """Whether a common value is right; a wrong one is told once, and not again for each kind."""
    try:
        _COMMON[name].validate_python(value)
    except ValidationError:
        return False
    return True


class KindRule(Table):
    """A kind that follows from messages or from what the customer did (D1-D3, D7-D12)."""

    enabled: Flag = Field(
        default=True, description="look for this kind; switched off, its open episodes close"
    )


class MessageRule(KindRule):
    """D1: when messages have been ignored too often (`[message]` has the numbers)."""

    rule: Literal["yearly", "fixed"] = Field(
        default="yearly",
        description="`yearly`: so often that an engaged customer would not, within `message.per_year`; "
        "`fixed`: `message.min_ignored` alone, over `message.min_ignored_over`",
    )


class SilenceRule(KindRule):
    """A kind that follows from silence alone (D4-D6): when it is too long."""

    rule: RuleName = Field(default="yearly", description="which promise the threshold keeps")
    per_year: Amount = Field(
        default=1.0, description="`yearly`, `steered`: false alarms per active customer and year (N1)"
    )
    precision: Chance = Field(
        default=0.7, description="`precision`: of 100 signals, about this share stays silent to the horizon"
    )
    alpha: Chance = Field(
        default=0.05, description="`quantile`: share of an active customer's gaps that alarm"
    )
    after: Period = Field(default=30 * DAY, description="`fixed`: this long, for everybody")
    horizon: Period = Field(default=60 * DAY, description="a longer silence is a lapse by definition")
    at_least: Duration = Field(default=1 * DAY, description="no alarm sooner, unless the rule is `fixed`")
    at_most: Period = Field(
        default=180 * DAY, description="an alarm at the latest then, unless the rule is `fixed`"
    )
    grace: Duration = Field(
        default=10 * MINUTE, description="wait this long after the deadline for late events"
    )
    forgetting: Forgetting = Field(
        default=0.95, description="weight of the past at each new gap (rho); 1: forget nothing"
    )


class PurchaseRule(SilenceRule):
    """D4: purchases are rarer than visits, so it takes longer until they are gone."""

    horizon: Period = Field(default=180 * DAY, description="a longer silence is a lapse by definition")


class StoreRule(SilenceRule):
    """D5c: store visits, likewise."""

    horizon: Period = Field(default=120 * DAY, description="a longer silence is a lapse by definition")


class BrandRule(SilenceRule):
    """D6: all engagement ends, "even for a short time": twice the noise buys the shorter fuse (T4)."""

    per_year: Amount = Field(
        default=2.0, description="`yearly`, `steered`: false alarms per active customer and year (N1)"
    )


class Detect(Table):
    """What is looked for. `grace` and `forgetting` hold for all kinds, unless a kind says otherwise."""

    grace: Duration = Field(
        default=10 * MINUTE, description="wait this long after a deadline for late events"
    )
    forgetting: Forgetting = Field(
        default=0.95, description="weight of the past at each new gap (rho); 1: forget nothing"
    )
    purchase_stopped: PurchaseRule = Field(default=PurchaseRule(), description="D4")
    app_stopped: SilenceRule = Field(default=SilenceRule(), description="D5a")
    web_stopped: SilenceRule = Field(default=SilenceRule(), description="D5b")
    store_stopped: StoreRule = Field(default=StoreRule(), description="D5c")
    brand_stopped: BrandRule = Field(default=BrandRule(), description="D6")
    message_disengaged: MessageRule = Field(default=MessageRule(), description="D1")
    present_but_deaf: KindRule = Field(default=KindRule(), description="D2")
    deaf_everywhere: KindRule = Field(default=KindRule(), description="D3")
    push_opted_out: KindRule = Field(default=KindRule(), description="D7, D8")
    email_declined: KindRule = Field(default=KindRule(), description="D9")
    email_opted_out: KindRule = Field(default=KindRule(), description="D10")
    premium_cancelled: KindRule = Field(default=KindRule(), description="D11")
    app_uninstalled: KindRule = Field(default=KindRule(), description="D12")

    @model_validator(mode="before")
    @classmethod
    def _inherit(cls, given: Any) -> Any:  # noqa: ANN401 - the raw table, judged field by field afterwards
        """Write the common values into each kind that has none of its own: a rule is complete in itself."""
        if not isinstance(given, Mapping):
            return given
        common = {name: given[name] for name in _COMMON if name in given and _fits(name, given[name])}
        filled = dict(given)
        for kind in SILENCE_KINDS:
            own = given.get(kind, {})
            if isinstance(own, Mapping):
                filled[kind] = {**common, **own}
        return filled

    @cached_property
    def silences(self) -> Mapping[str, SilenceRule]:
        """The rule of each kind that follows from silence, in the order of `names.SILENCE_KINDS`."""
        return {kind: getattr(self, kind) for kind in SILENCE_KINDS}

    @cached_property
    def rules(self) -> Mapping[str, KindRule]:
        """The rule of each kind."""
        return {kind: getattr(self, kind) for kind in (*SILENCE_KINDS, *OTHER_KINDS)}

    @cached_property
    def enabled(self) -> frozenset[str]:
        """The kinds that are looked for."""
        return frozenset(kind for kind in KINDS if self.rules[kind].enabled)
