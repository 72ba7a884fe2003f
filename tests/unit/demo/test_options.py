"""The demo's command line: what it refuses, and what it asks for by itself."""

import pytest

from devkit.demo.options import parse


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--data", "no-such-file.csv"], "there is no file no-such-file.csv"),
        (["--kafka", "elsewhere"], "invalid choice: 'elsewhere'"),
        (["--map", "nonsense"], "is no NAME=VALUE"),
        (["--map", "customer=CustomerNo"], "unknown column 'customer'"),
        (["--type", "PURCH=order.finished"], "unknown type"),
        (["--customers", "0"], "a number from 1 on"),
    ],
)
def test_a_wrong_command_line_is_refused_with_the_reason(
    arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as refused:
        parse(arguments)
    assert refused.value.code == 2
    assert message in capsys.readouterr().err


def test_without_flags_it_is_a_year_on_the_embedded_broker() -> None:
    options = parse([])
    assert (options.kafka, options.data, options.days, options.plain) == ("embedded", None, 365, False)


def test_the_files_names_are_handed_on_to_the_reader() -> None:
    mapping = parse(["--map", "customer_id=No", "--type", "PURCH=order.completed@store"]).mapping()
    assert mapping.columns == {"customer_id": "No"}
    assert mapping.types == {"PURCH": "order.completed@store"}
