"""Messages of the people plane are frozen: golden bytes that may only be added to."""

import enum
import importlib
import json
import pkgutil
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import msgspec
import pytest
from msgspec import inspect

from sunwise.contracts import people

FOLDER = Path(__file__).parent / "golden"
MODULES = sorted(module.name for module in pkgutil.iter_modules(people.__path__))
_TEXTS = ("abc", "AE", "a", "/a")  # whichever the pattern of the field allows


def messages(module: str) -> dict[str, type[msgspec.Struct]]:
    """The messages that the contract itself declares, by name."""
    found = importlib.import_module(f"{people.__name__}.{module}")
    return {
        name: each
        for name, each in vars(found).items()
        if isinstance(each, type)
        and issubclass(each, msgspec.Struct)
        and each.__module__ == found.__name__
    }


def sample(kind: inspect.Type, seed: int) -> Any:
    """A value of the type, as different from its neighbours' as it can be."""
    match kind:
        case inspect.StructType():
            fields = enumerate(kind.fields, seed + 1)
            return kind.cls(**{f.name: sample(f.type, n) for n, f in fields})
        case inspect.UnionType():
            return sample(next(t for t in kind.types if not isinstance(t, inspect.NoneType)), seed)
        case inspect.StrType(pattern=None):
            return f"text-{seed}"
        case inspect.StrType():
            return next(t for t in _TEXTS if _is_valid(t, kind))
        case inspect.VarTupleType() | inspect.ListType() | inspect.SetType():
            return (sample(kind.item_type, seed),)
        case inspect.DictType():
            return {sample(kind.key_type, seed): sample(kind.value_type, seed + 1)}
        case inspect.EnumType():
            members: list[enum.Enum] = list(kind.cls)
            return members[seed % len(members)]
        case _:
            return simple_sample(kind, seed)


def simple_sample(kind: inspect.Type, seed: int) -> Any:
    match kind:
        case inspect.IntType():
            return min(seed, kind.le if kind.le is not None else seed)
        case inspect.FloatType():
            return float(min(seed, kind.le if kind.le is not None else seed))
        case inspect.BoolType():
            return True
        case inspect.BytesType():
            return f"bytes-{seed}".encode()
        case inspect.DateType():
            return date(2026, 1, 1 + seed % 28)
        case inspect.LiteralType():
            return kind.values[0]
        case _:
            raise NotImplementedError(f"give {kind} a sample here")


def _is_valid(text: str, kind: inspect.StrType) -> bool:
    meta = msgspec.Meta(pattern=kind.pattern, min_length=kind.min_length)
    try:
        msgspec.convert(text, Annotated[str, meta])
    except msgspec.ValidationError:
        return False
    return True


def golden(module: str) -> dict[str, str]:
    path = FOLDER / f"people_{module}_v1.json"
    return json.loads(path.read_text()) if path.exists() else {}


@pytest.mark.parametrize("module", MODULES)
def test_old_bytes_are_read_and_written_as_they_were(module):
    found = messages(module)
    for name, kept in golden(module).items():
        read = msgspec.msgpack.decode(bytes.fromhex(kept["bytes"]), type=found[name])
        now = msgspec.json.decode(msgspec.json.encode(read))
        assert holds(now, kept["values"]), f"{name}: a field was renamed, moved or retyped"


def holds(now: Any, kept: Any) -> bool:
    """Whether all that was kept is still said; more may be."""
    if isinstance(kept, dict):
        return all(key in now and holds(now[key], value) for key, value in kept.items())
    if isinstance(kept, list):
        return len(now) >= len(kept) and all(map(holds, now, kept))
    return bool(now == kept)


@pytest.mark.parametrize("module", MODULES)
def test_every_message_has_its_golden_bytes(module):
    assert sorted(golden(module)) == sorted(messages(module)), (
        "-> Freeze it: python -m tests.contract.test_people_messages"
    )


def write() -> None:
    """Freeze messages that have no golden bytes yet: run once by hand when one is added."""
    for module in MODULES:
        content = golden(module)
        for name, message in messages(module).items():
            value = sample(inspect.type_info(message), 0)
            kept = msgspec.json.decode(msgspec.json.encode(value))
            packed = msgspec.msgpack.encode(value).hex()
            content.setdefault(name, {"bytes": packed, "values": kept})
        path = FOLDER / f"people_{module}_v1.json"
        path.write_text(json.dumps(content, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    write()
