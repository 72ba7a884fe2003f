"""What the doctor found: one line per check."""

from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

from agents.errors import ExitCode, HoldfastError


class Finding(NamedTuple):
    """The answer of one check.

    Attributes:
        check: Its name.
        verdict: ``ok``; ``warn``: a worker starts all the same; ``fail``: it does not.
        text: What was found.
        way_out: What to do about it; empty if nothing is to be done.
        code: With which code a worker would end.
    """

    check: str
    verdict: Literal["ok", "warn", "fail"]
    text: str
    way_out: str = ""
    code: ExitCode = ExitCode.OK


def ok(check: str, text: str) -> Finding:
    """All is well."""
    return Finding(check, "ok", text)


def warn(check: str, text: str, way_out: str) -> Finding:
    """It works, and yet."""
    return Finding(check, "warn", text, way_out)


def fail(check: str, error: HoldfastError) -> Finding:
    """A worker would end with this."""
    return Finding(check, "fail", error.message, error.way_out, error.exit_code)


_WORST_FIRST: Final = (ExitCode.DATA_LOSS, ExitCode.CONFIGURATION, ExitCode.INFRASTRUCTURE)


def worst(findings: Iterable[Finding]) -> ExitCode:
    """The exit code of the worst: data would be lost; a person must change something; a restart may help."""
    codes = {finding.code for finding in findings}
    return next((code for code in _WORST_FIRST if code in codes), ExitCode.OK)
