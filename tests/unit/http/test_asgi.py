"""Pages behind the lean protocol: an ASGI application under the same limits."""

import asyncio

from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse, StreamingResponse

from sunwise.chassis.http.asgi import AsgiBridge

app = FastAPI()


@app.get("/hello")
def hello(name: str = "you") -> dict[str, str]:
    return {"hello": name}


@app.post("/echo")
async def echo(request: Request) -> PlainTextResponse:
    return PlainTextResponse(await request.body(), headers={"X-Seen": request.headers["x-sent"]})


@app.get("/stream")
def stream() -> StreamingResponse:
    return StreamingResponse(iter(["a", "b", "c"]))


@app.get("/broken")
def broken() -> None:
    raise RuntimeError("a bug in a page")


async def test_pages_are_served(serve):
    async with serve(application=AsgiBridge(app)) as edge:
        client = await edge.connect()
        await client.send(b"GET /hello?name=a%20b HTTP/1.1\r\nHost: x\r\n\r\n")
        status, headers, body = await client.answer()
        assert (status, body) == (200, b'{"hello":"a b"}')
        assert headers[b"content-type"] == b"application/json"
        await client.send(
            b"POST /echo HTTP/1.1\r\nHost: x\r\nX-Sent: 1\r\nContent-Length: 3\r\n\r\nabc"
        )
        status, headers, body = await client.answer()
        assert (status, body, headers[b"x-seen"]) == (200, b"abc", b"1")
        await client.send(b"GET /stream HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await client.answer())[2] == b"abc"
        await client.send(b"GET /missing HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await client.answer())[0] == 404
        await client.send(b"HEAD /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        said = await client.all_until_close()
        assert said.startswith(b"HTTP/1.1 405")  # FastAPI routes GET only
        assert said.endswith(b"\r\n\r\n")


async def test_a_bug_in_a_page_is_answered_and_reported(serve):
    reported = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: reported.append(context["exception"]))
    async with serve(application=AsgiBridge(app)) as edge:
        client = await edge.connect()
        await client.send(b"GET /broken HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await client.answer())[0] == 500
        await asyncio.sleep(0.01)
        assert "a bug in a page" in str(reported)
        await client.send(b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n")
        assert (await client.answer())[0] == 200
