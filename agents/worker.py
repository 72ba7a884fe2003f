"""The detect worker as Faust finds it: ``faust -A agents.worker worker --without-web``.

Importing this reads the settings, because Faust wants an app at import; nothing connects before it is
started.
"""

from .factory import create_app
from .settings import load

app = create_app(load())
