"""The product with one fault planted, to show that the journey of an exam would find it.

Every save is acknowledged before it is committed, and now and then the worker is killed in between.
Run as ``python tests/journeys/early_acknowledgement.py`` with the environment of ``lms web``.
"""

import os
import signal
from itertools import count
from typing import Any

from flask import Flask, Response, g, request

from lms.config import load_settings
from lms.server import WebServer

KILLED_AT = 4
"""Every fourth save of a process is the last thing it acknowledges."""


class EarlyServer(WebServer):
    """As ``lms web``, but a save's transaction ends after the response has left."""

    def load(self) -> Any:
        app = super().load()
        honest, saves = app.dispatch_request, count(1)

        def dispatch_request() -> Response:
            if request.endpoint != "quizzes.answer":
                answer: Response = honest()
                return answer
            response: Response = app.make_response(Flask.dispatch_request(app))
            session = g.pop("lms_writer", None)

            def end() -> None:
                if session is not None and response.status_code < 400:
                    if next(saves) == KILLED_AT:
                        os.kill(os.getpid(), signal.SIGKILL)
                    session.commit()
                if session is not None:
                    session.close()

            response.call_on_close(end)
            return response

        app.dispatch_request = dispatch_request
        return app


if __name__ == "__main__":
    EarlyServer(load_settings()).run()
