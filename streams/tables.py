"""The catalogue of tables: what Faust keeps in a changelog for us. There is one."""

from typing import Final, NamedTuple


class Table(NamedTuple):
    """A table: its name to Faust, the forms of its changelog's keys and values, and what it is for."""

    name: str
    key: str
    value: str
    purpose: str


CUSTOMERS: Final = Table(
    name="customers",
    key="customer id, UTF-8; the lane's own keys begin with NUL",
    value="packed row (streams.wire.row): format, epoch, cut, body, outbox",
    purpose="one row per customer, and what held when it was decided (context)",
)

TABLES: Final = (CUSTOMERS,)


def app_id(prefix: str) -> str:
    """Name the Faust app of the role that owns the table; also its consumer group."""
    return f"{prefix}-detect"


POPULATION: Final = "population"
"""The role that works out what all customers together say about one."""


def role_id(prefix: str, role: str) -> str:
    """Name the Faust app of a role that keeps nothing; also its consumer group."""
    return f"{prefix}-{role}"


def changelog_name(prefix: str, table: Table = CUSTOMERS) -> str:
    """Name the table's changelog as Faust does."""
    return f"{app_id(prefix)}-{table.name}-changelog"
