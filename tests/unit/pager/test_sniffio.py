"""httpx's core looks for sniffio at every lock; it needs none where all is asyncio."""

import subprocess
import sys
import textwrap

import pytest

ASKS = """
    import sys
    {before}
    import httpcore._synchronization as core
    print(core.current_async_library())
    import asyncio, httpx
    async def refused():
        async with httpx.AsyncClient(trust_env=False) as client:
            try:
                await client.get("http://127.0.0.1:9")
            except httpx.ConnectError:
                print("refused")
    asyncio.run(refused())
"""


@pytest.mark.parametrize("before", ["", "sys.modules['sniffio'] = None"])
def test_without_sniffio_httpx_works_on_asyncio(before):
    code = textwrap.dedent(ASKS).format(before=before)
    said = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert said.stdout.split() == ["asyncio", "refused"]
