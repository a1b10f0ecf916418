"""An HTTP server in a thread that answers everything alike, and keeps what it was asked."""

import http.server
import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, Final

EMPTY: Final[Mapping[str, str]] = MappingProxyType({})


@contextmanager
def answering(
    status: int = 200, content: Any = None, headers: Mapping[str, str] = EMPTY
) -> Iterator[tuple[str, list[Any]]]:
    """Its address, and (method, path, headers) of every request so far; bytes are sent as they are."""
    asked: list[Any] = []
    body = content if isinstance(content, bytes) else json.dumps(content).encode()

    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self) -> None:
            asked.append((self.command, self.path, self.headers))
            self.rfile.read(int(self.headers.get("content-length") or 0))
            self.send_response(status)
            for header in headers.items():
                self.send_header(*header)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer  # noqa: N815 - its names

        def log_message(self, *_args: Any) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
