"""Writes docs/schemas anew from the wire's types: ``python -m devkit.schemas``, or ``make schemas``.

The schemas themselves are a pure function (`streams.wire.schemas`); a test fails when the files lag behind.
"""

from pathlib import Path

from streams.wire.schemas import files

FOLDER = Path(__file__).parent.parent / "docs" / "schemas"


def main() -> None:
    """Write every schema, and remove those of forms that are gone."""
    texts = files()
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path in FOLDER.glob("*.json"):
        if path.name not in texts:
            path.unlink()
    for name, text in texts.items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
