"""Where the services of a process live: data folder, bus, clock, settings.

The supervisor hands these to its children by the environment, as anybody else who starts a service
by hand or by systemd does.
"""

import sys
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import msgspec

from sunwise.chassis.bus import Bus
from sunwise.chassis.clock import AcceleratedClock, Clock, SystemClock
from sunwise.chassis.config import load_settings

if TYPE_CHECKING:
    from sunwise.chassis.metrics_page import MetricsService

_METRICS_TOKEN: Final = "metrics.token"  # noqa: S105 - a file's name, not what is in it
_P = TypeVar("_P")
_S = TypeVar("_S", bound=msgspec.Struct)


class BusSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach the bus."""

    url: str
    """Of NATS, nats://host:port; several with commas between."""
    keys: str
    """The folder with the seed of each service's user, `<user>.nk`."""


class TimeSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The clock that the processes of an exchange, or of a people plane, have together."""

    rate: Annotated[float, msgspec.Meta(gt=0, le=1_000)] = 1.0
    """Its seconds a real second."""
    origin_ns: Annotated[int, msgspec.Meta(ge=0)] = 0
    """Its time at `started_ns`, ns since 1970; 0: the machine's own wall clock at rate 1."""
    started_ns: Annotated[int, msgspec.Meta(ge=0)] = 0
    """The machine's monotonic time at the origin, ns."""

    def clock(self) -> Clock:
        """The clock that all processes with these settings share."""
        if self.origin_ns == 0:
            return SystemClock()
        return AcceleratedClock(
            rate=self.rate, origin_ns=self.origin_ns, started_ns=self.started_ns
        )

    def environment(self) -> dict[str, str]:
        """The variables that hand these settings to a child."""
        return {
            "SUNWISE_TIME_RATE": repr(self.rate),
            "SUNWISE_TIME_ORIGIN_NS": str(self.origin_ns),
            "SUNWISE_TIME_STARTED_NS": str(self.started_ns),
        }


def clock_of(file: Mapping[str, Any] | None = None) -> Clock:
    """The clock that the settings name, else the machine's own. Raises SettingsInvalid."""
    return load_settings(TimeSettings, "time", file=file).clock()


class MetricsSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where a process serves its metrics."""

    port: Annotated[int, msgspec.Meta(ge=0, le=65_535)] = 0
    """Port of `GET /metrics`; 0: they are served nowhere. Each process needs its own."""
    host: str = "127.0.0.1"
    """Address that it listens on, in plain HTTP."""
    token_file: str = ""
    """Private file with the token to show as `Authorization: Bearer`; empty: `metrics.token` in the data folder, made when missing."""

    def service(self, data: Path) -> "MetricsService | None":
        """What serves them; None where there is no port. Raises SecretUnusable."""
        if not self.port:
            return None
        from sunwise.chassis.metrics_page import MetricsService, ensure_token

        token = Path(self.token_file) if self.token_file else ensure_token(data / _METRICS_TOKEN)
        return MetricsService(host=self.host, port=self.port, token_file=token)


class Place:
    """What a service's maker may ask for."""

    def __init__(self, data: Path, *, file: Mapping[str, Any], shard: str = "0") -> None:
        """`file`: the sections of the settings file. Raises SettingsInvalid."""
        self.data = data
        self.shard = shard
        self.bus = load_settings(BusSettings, "bus", file=file)
        self.time = load_settings(TimeSettings, "time", file=file)
        self.clock = self.time.clock()
        self._file = file
        self._shared: dict[Callable[..., Any], Any] = {}

    def shared(self, kind: Callable[["Place"], _P]) -> _P:
        """What the services of one process have together: made by `kind` when first asked for."""
        if kind not in self._shared:
            self._shared[kind] = kind(self)
        made: _P = self._shared[kind]
        return made

    def settings(self, kind: type[_S], section: str) -> _S:
        """A service's settings. Raises SettingsInvalid."""
        return load_settings(kind, section, file=self._file)

    def folder(self, name: str) -> Path:
        """The service's folder inside the data folder, made with mode 0700 if missing."""
        folder = self.data / name
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    async def connect(self, user: str, *, gather_s: float = 0.0) -> Bus:
        """A connection to the bus of this user's own. Raises Disconnected, NotPermitted."""
        from sunwise.chassis.bus.nats_connect import connect_nats

        return await connect_nats(
            self.bus.url.split(","),
            user=user,
            seed=Path(self.bus.keys) / f"{user}.nk",
            gather_s=gather_s,
        )


def service_command(services: Iterable[str], data: Path) -> list[str]:
    """What a supervisor starts to have these services in one process."""
    return [sys.executable, "-m", "sunwise.cli", "run", *services, "--data", str(data)]
