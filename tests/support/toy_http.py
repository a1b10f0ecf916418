"""An HTTP server in a thread that answers everything alike, and keeps what it was asked."""

import http.server
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def answering(status: int = 200, content: Any = None) -> Iterator[tuple[str, list[Any]]]:
    """Its address, and (method, path, headers) of every request so far."""
    asked: list[Any] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def answer(self) -> None:
            asked.append((self.command, self.path, self.headers))
            self.rfile.read(int(self.headers.get("content-length") or 0))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(content).encode())

        do_GET = do_POST = answer  # noqa: N815 - its names

        def log_message(self, *_args: Any) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", asked
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
