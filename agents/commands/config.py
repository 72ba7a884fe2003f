"""``config show``: every setting, its value, and where it comes from; secrets stay secret."""

import re

import click
from pydantic import SecretStr

from ..cli import Shell
from ..settings.kinds import format_duration
from ..settings.sources import Loaded, fields, is_duration
from ._shell import with_shell

_MASK = "********"
_PASSWORD_IN_URL = re.compile(r"(://[^:/@]*:)[^@]*@")


@click.group()
def config() -> None:
    """Settings of this call."""


@config.command()
@with_shell
def show(shell: Shell) -> None:
    """Show every setting, its value and its origin."""
    rows = [("SETTING", "VALUE", "FROM"), *describe(shell.loaded)]
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    for key, value, origin in rows:
        click.echo(f"{key:{widths[0]}}  {value:{widths[1]}}  {origin}")


def describe(loaded: Loaded) -> list[tuple[str, str, str]]:
    """Key, shown value and origin of each setting."""
    return [(key, shown(key, loaded), loaded.origins.get(key, "default")) for key in fields()]


def shown(key: str, loaded: Loaded) -> str:
    """A setting's value as a person may see it."""
    value: object = loaded.settings
    for part in key.split("."):
        value = getattr(value, part)
    if isinstance(value, SecretStr):
        return _masked(value.get_secret_value())
    if isinstance(value, int) and is_duration(fields()[key]):
        return format_duration(value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return ",".join(value)
    return "-" if value is None else str(value)


def _masked(secret: str) -> str:
    """Of a URL the place is worth knowing, and only a password in it is secret."""
    if "://" not in secret:
        return _MASK
    return _PASSWORD_IN_URL.sub(rf"\1{_MASK}@", secret)
