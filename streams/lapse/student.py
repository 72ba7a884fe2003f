"""Student's t: its distribution function and the inverse, as plain functions of two numbers.

SciPy's functions for arrays cost a microsecond a call for numbers; below them lie the same C functions,
which SciPy offers to Cython, and to Python by their types. A test holds that both give the same bits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from scipy.special import cython_special

if TYPE_CHECKING:
    from collections.abc import Callable

_scipy: Final[Any] = cython_special

stdtr: Final[Callable[[float, float], float]] = _scipy.stdtr["double"]
"""P(T <= t) for degrees of freedom and t."""

stdtrit: Final[Callable[[float, float], float]] = _scipy.stdtrit["double"]
"""The t below which a share lies, for degrees of freedom and that share."""
