"""Every setting of every service, and what is fixed."""
# ruff: noqa: INP001 - scripts of the documents; they show what modules keep private

from typing import Final

import msgspec
from docs.reference.generator.markdown import code, comments, first_line, table

from sunwise.chassis.config import SettingDescription, describe_settings
from sunwise.chassis.http.messages import HttpLimits
from sunwise.chassis.log import WriterSettings
from sunwise.chassis.nats_server import NatsServerSettings
from sunwise.cli.listing_facts import ListingFactsSettings
from sunwise.cli.people_parts import DatabaseSettings, PeopleWebSettings
from sunwise.cli.place import BusSettings, MetricsSettings, TimeSettings
from sunwise.exchange.accounts.service import AccountsSettings
from sunwise.exchange.clock.ticking import ClockSettings
from sunwise.exchange.engine.service import EngineSettings
from sunwise.exchange.gateway.calls.limits import LimitSettings
from sunwise.exchange.gateway.lines.connection import LineSettings
from sunwise.exchange.gateway.service import GatewaySettings
from sunwise.exchange.history.service import HistorySettings
from sunwise.exchange.market_data.service import MarketDataSettings
from sunwise.people.alarms.service import AlarmSettings
from sunwise.people.handoff.service import HandoffSettings
from sunwise.people.incidents.service import IncidentSettings
from sunwise.people.pager.client import PagersSettings
from sunwise.people.pager.service import PagerSettings
from sunwise.people.privacy.service import PrivacySettings
from sunwise.people.rota.planner import PlannerSettings
from sunwise.people.rota.service import RotaSettings

READ: Final[dict[str, type[msgspec.Struct]]] = {
    "bus": BusSettings,
    "time": TimeSettings,
    "metrics": MetricsSettings,
    "engine": EngineSettings,
    "gateway": GatewaySettings,
    "accounts": AccountsSettings,
    "market_data": MarketDataSettings,
    "history": HistorySettings,
    "listing_facts": ListingFactsSettings,
    "people_databases": DatabaseSettings,
    "handoff": HandoffSettings,
    "rota": RotaSettings,
    "rota_planner": PlannerSettings,
    "incidents": IncidentSettings,
    "people_alarms": AlarmSettings,
    "privacy": PrivacySettings,
    "people_web": PeopleWebSettings,
    "pager": PagerSettings,
    "pagers": PagersSettings,
}
"""What `sunwise run` reads, by section."""
FIXED: Final[dict[str, type[msgspec.Struct]]] = {
    "the embedded nats-server": NatsServerSettings,
    "the clock": ClockSettings,
    "writers of the log": WriterSettings,
    "request and order limits": LimitSettings,
    "REST connections": HttpLimits,
    "WebSocket connections": LineSettings,
}
"""What the code sets and nobody can change from outside."""


def settings_page() -> str:
    """Every setting of every service, and what is fixed."""
    read = "".join(_section(name, kind) for name, kind in READ.items())
    fixed = "".join(
        f"\n### {title[0].upper() + title[1:]}\n\n{_fixed_table(kind)}"
        for title, kind in FIXED.items()
    )
    return f"""# Settings

A service's settings are read once, when its process starts. For each the environment variable rules,
then the TOML file that `sunwise run --settings FILE` names (a section in brackets), then the default.
The unit is the end of the name: `_s` seconds, `_ns` nanoseconds, `_bytes` bytes. A value beyond its
limits, and a name that does not exist, stop the start with a sentence that says so.

`sunwise up` hands its own environment on to the services, so a variable works there too:
`SUNWISE_GATEWAY_LIMITS_ENABLED=false sunwise up`. It sets `[bus]`, `[time]` and, in `[gateway]`,
`host`, `rest_port`, `ws_port` and `legacy_listen_key` by its own options (so the ports are 7070 and
7071 there), and takes no settings file: settings without a variable are out of its reach. With
`SUNWISE_METRICS_PORT` it serves the supervisor's own metrics at that port and those of its processes (engine, edge,
liquidity) at the ones that follow.
`sunwise people up` does the same for the people plane, with `[people_web]` and `[pagers]` set by its own
options, and reads `[pager]` of its two pagers from `pagers/pager.toml` in the data folder.

More variables: `SUNWISE_DATA` and `SUNWISE_PEOPLE_DATA`, the data folders,
`SUNWISE_PEOPLE_CREDENTIALS`, the private file with one's own token, and `SUNWISE_CACHE_DIR`, below which compiled
machine code is kept (else `XDG_CACHE_HOME`, else `~/.cache`).
{read}
## Fixed in the code

These are not read from anywhere. They are listed because answers and runbooks depend on them. The
gateway's settings replace those of the same name.
{fixed}"""


def _section(section: str, kind: type[msgspec.Struct], *, has_variable: bool = True) -> str:
    nested = {
        field.name: field.type
        for field in msgspec.structs.fields(kind)
        if isinstance(field.type, type) and issubclass(field.type, msgspec.Struct)
    }
    rows = []
    for row in describe_settings(kind, section):
        name = row.name.rpartition(".")[2]
        if name not in nested:
            variable = code(row.variable) if has_variable else "file only"
            rows.append((code(name), variable, row.type, _default(row), row.limits, row.meaning))
    text = f"\n## [{section}]\n\n{first_line(kind)}\n\n"
    if rows:
        text += table("Name | Variable | Type | Default | Limits | Meaning", rows)
    for name, inner in nested.items():
        text += _section(f"{section}.{name}", inner, has_variable=False)
    return text


def _fixed_table(kind: type[msgspec.Struct]) -> str:
    beside = comments(kind)
    rows = [
        (code(name), _default(row), row.meaning or beside.get(name, ""))
        for row in describe_settings(kind, "")
        if (name := row.name.removeprefix("."))
    ]
    return f"{first_line(kind)}\n\n{table('Name | Value | Meaning', rows)}"


def _default(row: SettingDescription) -> str:
    default = row.default
    if default == "required":
        return default
    return f"`{default}`" if default else "empty"
