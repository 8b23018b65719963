"""HTTPS requests to other machines: bounded in time and size, and never into an inner network.

caller       one request, in a thread that nobody has to wait for
connections  its connection, with urllib3: to one address, or through a proxy
addresses    which IP addresses it may go to
answers      what it comes to: an answer, or a problem
"""

from portal.outgoing.addresses import is_public
from portal.outgoing.answers import Answer, CallError, CallProblem
from portal.outgoing.caller import Caller, Route, Target

__all__ = ["Answer", "CallError", "CallProblem", "Caller", "Route", "Target", "is_public"]
