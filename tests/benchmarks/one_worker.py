"""One worker of the portal's own server, with one thread for each kind of requests.

    python -m tests.benchmarks.one_worker (hello|portal) PORT

`portal` reads its settings from the environment, as a worker does.
"""

import asyncio
import sys

from flask import Flask

from portal.cli.serving import listen, load_app
from portal.serving import Application, Limits
from portal.serving.requests import GranianServer, Reception

ONE_THREAD = Limits(threads=1, validate_threads=1, health_threads=1)


def hello() -> Application:
    """A bare Flask application."""
    app = Flask("hello")
    app.add_url_rule("/", "hello", lambda: "hello")
    return Application(app, lambda _environ: 0)


async def main(kind: str, port: int) -> None:
    application = hello() if kind == "hello" else load_app()
    reception = Reception(
        application.wsgi,
        application.body_limit,
        application.refusal_headers,
        ONE_THREAD,
        asyncio.get_running_loop(),
        at_once=application.at_once,
    )
    listener = listen("127.0.0.1", port).socket
    listener.setblocking(False)
    await GranianServer(reception, listener, ONE_THREAD).run()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2])))
