"""Requests, from the socket to their answers. Only workers import this: it loads granian.

granian_server.py   granian, which speaks HTTP: the only module that knows it
reception.py        receives whole requests without a thread, and refuses what is too much
bodies.py           receives bodies, by a deadline and while there is room
threads.py          the threads that answer whole requests, some of them kept for some paths
environ.py          a request as WSGI wants it
response.py         runs the application for one request, and sends what it answers
"""

from portal.serving.requests.granian_server import GranianServer
from portal.serving.requests.reception import AtOnce, NoteRefusal, Reception
from portal.serving.requests.response import ResponseHeaders

__all__ = ["AtOnce", "GranianServer", "NoteRefusal", "Reception", "ResponseHeaders"]
