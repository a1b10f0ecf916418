"""Settings: frozen Structs read once from a TOML file and the environment, with clear refusals.

A service declares one Struct; each field has a unit in its name, a default, a limit (`msgspec.Meta`)
and a docstring. The command line loads it; nobody else reads the environment.
"""

import ast
import inspect
import os
import textwrap
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from sunwise.chassis.errors import Permanent

_S = TypeVar("_S", bound=msgspec.Struct)
_PREFIX = "SUNWISE"


class SettingsInvalid(Permanent):
    """A setting is wrong; the message names it, what it may be and where it was set."""


class SettingDescription(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the settings' reference page."""

    name: str
    """section.field, as in the TOML file."""
    variable: str
    """The environment variable that overrides it."""
    type: str
    default: str
    limits: str
    meaning: str


def read_settings_file(path: Path | None) -> dict[str, Any]:
    """The TOML file's sections; {} without a file. Raises SettingsInvalid."""
    if path is None:
        return {}
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise SettingsInvalid(f"There is no settings file {path}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsInvalid(f"{path} is not a TOML file: {error}.") from error
    except OSError as error:
        raise SettingsInvalid(f"Cannot read {path}: {error.strerror}.") from error


def load_settings(
    kind: type[_S],
    section: str,
    *,
    file: Mapping[str, Any] | None = None,
    environ: Mapping[str, str] | None = None,
) -> _S:
    """`kind` filled from SUNWISE_<SECTION>_<FIELD>, else from [section] of the file, else defaults.

    Raises SettingsInvalid for an unknown name, a wrong type or a value beyond its limit.
    """
    environ = os.environ if environ is None else environ
    in_file = (file or {}).get(section, {})
    if not isinstance(in_file, Mapping):
        raise SettingsInvalid(f"[{section}] must be a table of settings, not {in_file!r}.")
    fields = {field.name: field for field in msgspec.structs.fields(kind)}
    _refuse_unknown(section, fields, in_file=in_file, environ=environ)
    values: dict[str, object] = {}
    for name, field in fields.items():
        variable = _variable(section, name)
        if variable in environ:
            values[name] = _convert(environ[variable], field.type, f"{variable}")
        elif name in in_file:
            values[name] = _convert(in_file[name], field.type, f"[{section}] {name}")
        elif field.required:
            raise SettingsInvalid(f"Set {variable}, or {name} in [{section}]: it has no default.")
    try:
        return kind(**values)
    except ValueError as error:  # from the Struct's own __post_init__
        raise SettingsInvalid(
            f"The settings of [{section}] do not fit together: {error}"
        ) from error


def describe_settings(kind: type[msgspec.Struct], section: str) -> list[SettingDescription]:
    """A row for each setting, in the order declared: the reference page is made from it."""
    meanings = _field_docstrings(kind)
    return [
        SettingDescription(
            name=f"{section}.{field.name}",
            variable=_variable(section, field.name),
            type=_type_name(field.type),
            default="required" if field.required else str(_default(field)),
            limits=_limits(field.type),
            meaning=meanings.get(field.name, ""),
        )
        for field in msgspec.structs.fields(kind)
    ]


def _variable(section: str, name: str) -> str:
    return f"{_PREFIX}_{section}_{name}".upper()


def _refuse_unknown(
    section: str,
    fields: Mapping[str, Any],
    *,
    in_file: Mapping[str, Any],
    environ: Mapping[str, str],
) -> None:
    known = ", ".join(sorted(fields))
    for name in in_file:
        if name not in fields:
            raise SettingsInvalid(f"[{section}] has no setting {name!r}; it has: {known}.")
    prefix = _variable(section, "")
    variables = {_variable(section, name) for name in fields}
    for variable in environ:
        if variable.startswith(prefix) and variable not in variables:
            raise SettingsInvalid(
                f"{variable} sets nothing: the settings of [{section}] are: {known}."
            )


def _convert(value: object, kind: object, where: str) -> object:
    try:
        converted: object = msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsInvalid(f"{where} = {value!r} is not possible: {error}.") from error
    return converted


def _default(field: msgspec.structs.FieldInfo) -> object:
    if field.default is not msgspec.NODEFAULT:
        return field.default
    factory = field.default_factory
    return factory() if callable(factory) else ""


def _type_name(kind: object) -> str:
    bare = getattr(kind, "__origin__", kind) if hasattr(kind, "__metadata__") else kind
    return getattr(bare, "__name__", str(bare))


def _limits(kind: object) -> str:
    # `typing` keeps one of two equal annotations, so 60 may come as 60.0: written alike either way.
    words = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below"}
    parts = []
    for meta in getattr(kind, "__metadata__", ()):
        for name, word in words.items():
            limit = getattr(meta, name, None)
            if limit is not None:
                parts.append(f"{word} {int(limit) if limit == int(limit) else limit}")
    return ", ".join(parts)


def _field_docstrings(kind: type) -> dict[str, str]:
    body = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    assert isinstance(body, ast.ClassDef), "settings are declared as a class"
    found: dict[str, str] = {}
    for field, text in zip(body.body, body.body[1:], strict=False):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(text, ast.Expr)
            and isinstance(text.value, ast.Constant)
        ):
            found[field.target.id] = inspect.cleandoc(str(text.value.value))
    return found
