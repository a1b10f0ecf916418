"""Pagers as processes of their own, as they run on two machines."""

import asyncio
import contextlib
import secrets
import signal
import ssl
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import httpx
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sunwise.chassis.child_process import dying_with_parent
from sunwise.chassis.data_folder import open_data_folder
from sunwise.chassis.ports import settled_port
from sunwise.people.pager.keys import operator_token
from sunwise.people.pager.roster import Roster, save_roster
from sunwise.people.pager.service import ROSTER_FILE
from tests.support.pager_roster import roster_around

_START_S = 30.0


def free_ports(n: int) -> list[int]:
    """Ports at which nobody listens and that no outgoing connection gets."""
    found: set[int] = set()
    while len(found) < n:
        found.add(settled_port("127.0.0.1"))
    return list(found)


async def until(holds: Callable[[], Any], *, seconds: float = 30) -> Any:
    """What `holds` gives, asked in a thread until it is true."""
    async with asyncio.timeout(seconds):
        while not (found := await asyncio.to_thread(holds)):  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)
        return found


def own_certificate(folder: Path) -> tuple[Path, Path]:
    """Certificate and key for 127.0.0.1 that nobody signed."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "tls.crt", folder / "tls.key"
    paths[0].write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths


class PagerProcess:
    """One instance, which can be killed and started again."""

    def __init__(
        self, folder: Path, toml: str, *, secret: str, port: int, verify: Any = True
    ) -> None:
        scheme = "http" if verify is True else "https"
        self.url = f"{scheme}://127.0.0.1:{port}"
        self.data = folder / f"pager-{port}"
        self._settings = folder / f"pager-{port}.toml"
        self._settings.write_text(toml)
        self._log = folder / f"pager-{port}.log"
        self._secret = secret
        self._process: subprocess.Popen | None = None
        self._client = httpx.Client(base_url=self.url, trust_env=False, verify=verify)

    def know(self, roster: Roster) -> None:
        """Gives it a roster, before it starts or while it runs."""
        if not self.data.exists():
            open_data_folder(self.data).close()
        save_roster(self.data / ROSTER_FILE, roster)

    def start(self) -> None:
        """Returns when it answers."""
        command = [sys.executable, "-m", "sunwise.cli", "pager", "run"]
        command += ["--data", str(self.data), "--settings", str(self._settings)]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(dying_with_parent(command), stdout=log, stderr=log)
        deadline = time.monotonic() + _START_S
        while time.monotonic() < deadline:
            with contextlib.suppress(httpx.HTTPError):
                self._client.get("/healthz")
                return
            assert self._process.poll() is None, self._log.read_text()
            time.sleep(0.05)
        raise AssertionError(self._log.read_text())

    @property
    def pid(self) -> int:
        """Of the process that was started last."""
        assert self._process is not None
        return self._process.pid

    def kill(self) -> None:
        """As `kill -9` does."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def close(self) -> None:
        """Stops it, and gives back what asked it."""
        self._client.close()
        self.stop()

    def stop(self) -> None:
        """Politely; what it says must be an orderly end."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        assert self._process.wait(20) == 0, self._log.read_text()

    def new_key(self, name: str, service: str = "") -> str:
        """A key of a sender, or without a service of a person."""
        made = self._client.post(
            "/v1/keys",
            json={"name": name, "service": service},
            headers={"authorization": f"Bearer {operator_token(self._secret.encode())}"},
        )
        assert made.status_code == 200, made.text
        return made.json()["key"]

    def get(self, path: str, key: str = "") -> Any:
        """What it answers."""
        headers = {"authorization": f"Bearer {key}"} if key else {}
        return self._client.get(path, headers=headers).json()


@contextlib.contextmanager
def pager_processes(
    folder: Path,
    *,
    n: int = 1,
    channels: str = "",
    policy: str = "",
    tls: tuple[Path, Path] | None = None,
) -> Iterator[list[PagerProcess]]:
    """So many instances, started, with the usual company on duty now."""
    secret = secrets.token_hex(32)
    secret_file = folder / "secret"
    secret_file.touch(0o600)
    secret_file.write_text(secret)
    ports = free_ports(n)
    made = []
    for order, port in enumerate(ports):
        toml = f'[pager]\nport = {port}\norder = {order}\nsecret_file = "{secret_file}"\n'
        if n == 2:
            toml += f'peer_url = "http://127.0.0.1:{ports[1 - order]}"\n'
        verify: Any = True
        if tls is not None:
            verify = ssl.create_default_context(cafile=str(tls[0]))
            toml += f'tls_certificate = "{tls[0]}"\ntls_key = "{tls[1]}"\n'
        process = PagerProcess(
            folder, f"{toml}{policy}\n{channels}", secret=secret, port=port, verify=verify
        )
        process.know(roster_around(time.time_ns()))
        made.append(process)
    try:
        for process in made:
            process.start()
        yield made
    finally:
        for process in made:
            process.close()
