"""HTTP/1.1 for the order path: a lean protocol inside uvicorn, bounded in every direction.

owns: sockets of the REST edge, framing of requests and answers, size and time limits
promises: answers leave in the order of their requests; a request is handed over whole or not at
    all; what is malformed, too large or too slow is refused and its connection closed
state: open connections, lost with the process

An `Application` gets whole requests and answers each once. Whatever is not the order path (docs,
admin, identity) is an ASGI application behind `asgi.AsgiBridge`, under the same limits.
"""

from sunwise.chassis.http.messages import Application, HttpLimits, Request, Responder
from sunwise.chassis.http.server import AddressTaken, HttpServer

__all__ = [
    "AddressTaken",
    "Application",
    "HttpLimits",
    "HttpServer",
    "Request",
    "Responder",
]
