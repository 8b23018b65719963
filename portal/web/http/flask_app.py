"""Flask, as this portal uses it."""

from collections.abc import Callable
from typing import Any

from flask import Flask


class FlaskApp(Flask):
    """An application without asynchronous views."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        # Flask looks at each function anew before it calls it: some twenty times for each request.
        return func
