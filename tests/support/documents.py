"""The tables of the documentation that are generated from the code; run as a module, it writes them anew."""

import re
from pathlib import Path

import msgspec
from pydantic import SecretStr

from agents.scenarios import core
from agents.scenarios.form import read_file
from agents.settings.kinds import format_duration
from agents.settings.sources import fields, is_duration, is_secret, variable
from streams.metrics import METRICS
from streams.telling import REASONS, told
from streams.wire.times import DAY
from streams.wire.why import Why

DOCS = Path(__file__).resolve().parents[2] / "docs"
SCENARIOS = Path(__file__).resolve().parents[1] / "scenarios"
REGION = re.compile(r"(<!-- generated: begin -->\n).*?(<!-- generated: end -->)", re.DOTALL)


def settings_table() -> str:
    """Every setting, its variable, its default and what it is for."""
    lines = ["| setting | environment | default | what it is for |", "|---|---|---|---|"]
    for key, info in fields().items():
        secret = " Secret." if is_secret(info) else ""
        file = f", or `{variable(key)}_FILE`" if is_secret(info) else ""
        default = _default(key)
        lines.append(f"| `{key}` | `{variable(key)}`{file} | {default} | {info.description}.{secret} |")
    return "\n".join(lines) + "\n"


def metrics_table() -> str:
    """Every metric with its kind, its labels and its sentence."""
    lines = ["| metric | kind | labels | what it says |", "|---|---|---|---|"]
    for metric in METRICS:
        labels = ", ".join(f"`{label}`" for label in metric.labels) or "—"
        lines.append(f"| `{metric.name}` | {metric.kind} | {labels} | {metric.sentence} |")
    return "\n".join(lines) + "\n"


def why_page() -> str:
    """A customer told by `why`, and its reasons."""
    scenario = read_file(SCENARIOS / "why.yaml")[0]
    answers = core.play([scenario]).answers
    answer = next(a for (at, _), a in answers.items() if at > scenario.start + 94 * DAY)
    lines = ["```text", told(msgspec.convert(answer, Why)) + "```", "", "| reason | told as |", "|---|---|"]
    lines += [f"| `{reason}` | {sentence} |" for reason, sentence in REASONS.items()]
    return "\n".join(lines) + "\n"


def _default(key: str) -> str:
    info = fields()[key]
    value = info.default
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if value is None:
        return "none"
    if isinstance(value, int) and is_duration(info):
        return f"`{format_duration(value)}`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{','.join(value) if isinstance(value, tuple) else value}`"


TABLES = {"settings.md": settings_table, "metrics.md": metrics_table, "why.md": why_page}


def generated_region(text: str) -> str:
    """What stands between the two marks of a page."""
    found = REGION.search(text)
    assert found is not None, "the page has lost its marks"
    return found[0]


def with_table(text: str, table: str) -> str:
    """The page with the table between its marks."""
    return REGION.sub(lambda found: f"{found[1]}{table}{found[2]}", text)


if __name__ == "__main__":
    for name, table in TABLES.items():
        page = DOCS / name
        page.write_text(with_table(page.read_text(encoding="utf-8"), table()), encoding="utf-8")
