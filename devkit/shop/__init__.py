"""A synthetic shop whose customers lapse at known moments.

Real histories do not say when a customer was lost; this one does. It exists for the demo, for load and for
the question whether an end was found, never for claims about how people behave.
"""

from .forms import Happening
from .shop import Shop
from .traits import Holiday, Truth

__all__ = ["Happening", "Holiday", "Shop", "Truth"]
