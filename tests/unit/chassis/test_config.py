from pathlib import Path
from typing import Annotated

import msgspec
import pytest

from sunwise.chassis.config import (
    SettingsInvalid,
    describe_settings,
    load_settings,
    read_settings_file,
)


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 8080
    """TCP port; 0: any free one."""
    rate: float = 1.0
    """Seconds of the market per second."""
    name: str | None = None
    """Shown on pages."""
    debug: bool = False

    def __post_init__(self) -> None:
        if self.debug and self.port == 0:
            raise ValueError("debug needs a fixed port")


def load(environ: dict[str, str] | None = None, **file) -> Settings:
    return load_settings(Settings, "gateway", file={"gateway": file}, environ=environ or {})


def test_defaults_then_file_then_environment():
    assert load() == Settings()
    assert load(port=1, rate=2) == Settings(port=1, rate=2.0)
    environ = {"SUNWISE_GATEWAY_PORT": "9", "SUNWISE_GATEWAY_DEBUG": "true", "PATH": "/bin"}
    assert load(environ, port=1) == Settings(port=9, debug=True)


@pytest.mark.parametrize(
    ("environ", "file", "match"),
    [
        ({}, {"port": 70000}, r"\[gateway\] port = 70000 is not possible: Expected `int` <= 65535"),
        ({"SUNWISE_GATEWAY_PORT": "x"}, {}, "SUNWISE_GATEWAY_PORT = 'x' is not possible"),
        ({"SUNWISE_GATEWAY_PORT": ""}, {}, "SUNWISE_GATEWAY_PORT"),
        ({}, {"prot": 1}, r"\[gateway\] has no setting 'prot'; it has: debug, name, port, rate"),
        ({"SUNWISE_GATEWAY_PROT": "1"}, {}, "SUNWISE_GATEWAY_PROT sets nothing"),
        ({}, {"debug": True, "port": 0}, "do not fit together: debug needs a fixed port"),
    ],
)
def test_a_wrong_setting_is_named_with_its_place_and_limit(environ, file, match):
    with pytest.raises(SettingsInvalid, match=match):
        load(environ, **file)


def test_a_required_setting_is_asked_for():
    class Needs(msgspec.Struct, frozen=True):
        url: str

    with pytest.raises(SettingsInvalid, match="Set SUNWISE_X_URL"):
        load_settings(Needs, "x", environ={})


def test_a_section_that_is_no_table_is_refused():
    with pytest.raises(SettingsInvalid, match="must be a table"):
        load_settings(Settings, "gateway", file={"gateway": 3}, environ={})


def test_files_that_cannot_be_read_are_told(tmp_path: Path):
    assert read_settings_file(None) == {}
    with pytest.raises(SettingsInvalid, match="There is no settings file"):
        read_settings_file(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("[gateway\n")
    with pytest.raises(SettingsInvalid, match="not a TOML file"):
        read_settings_file(tmp_path / "bad.toml")
    with pytest.raises(SettingsInvalid, match="Cannot read"):
        read_settings_file(tmp_path)
    (tmp_path / "good.toml").write_text("[gateway]\nport = 5\n")
    assert read_settings_file(tmp_path / "good.toml") == {"gateway": {"port": 5}}


def test_the_reference_page_has_a_row_for_each_setting():
    port, rate, name, debug = describe_settings(Settings, "gateway")
    assert (port.name, port.variable, port.type) == ("gateway.port", "SUNWISE_GATEWAY_PORT", "int")
    assert (port.default, port.limits) == ("8080", "at least 0, at most 65535")
    assert port.meaning == "TCP port; 0: any free one."
    assert (rate.type, name.type, debug.meaning) == ("float", "str | None", "")
