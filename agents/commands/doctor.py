"""``doctor``: checks beforehand what a worker checks at its start, and what it would suffer from later."""

import json

import click

from ..cli import Shell
from ..doctor.examination import examine, refused
from ..doctor.finding import Finding, worst
from ..errors import ConfigurationError
from ._shell import run, with_shell


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document, for machines.")
@with_shell
def doctor(shell: Shell, *, as_json: bool) -> int:
    """Say what a worker would refuse to start for, or suffer from, and what to do about it."""
    try:
        shell.settings  # noqa: B018 - reading them is the first check
        findings = run(shell, _examine(shell, aloud=not as_json))
    except ConfigurationError as error:
        findings = [refused(error)]
        if not as_json:
            _say(findings[0])
    if as_json:
        click.echo(json.dumps([finding._asdict() | {"code": int(finding.code)} for finding in findings]))
    return worst(findings)


async def _examine(shell: Shell, *, aloud: bool) -> list[Finding]:
    findings = []
    async for finding in examine(shell.settings):
        findings.append(finding)
        if aloud:
            _say(finding)
    return findings


def _say(finding: Finding) -> None:
    lines = [*finding.text.splitlines(), *finding.way_out.splitlines()]
    click.echo(f"{finding.verdict:4}  {finding.check:9}  {lines[0]}")
    for line in lines[1:]:
        click.echo(f"{'':17}{line.strip()}")
