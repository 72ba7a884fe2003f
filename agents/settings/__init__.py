"""Settings: defaults < ``holdfast.toml`` < environment ``HOLDFAST_…`` < flags.

Nothing is read on import; ``load`` reads once and returns a frozen value that is handed down.
"""

from .model import Settings
from .sources import Loaded, load, load_with_origins

__all__ = ["Loaded", "Settings", "load", "load_with_origins"]
