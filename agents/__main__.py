"""``python -m agents …``: every way in to what Holdfast does (``--help`` lists them)."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
