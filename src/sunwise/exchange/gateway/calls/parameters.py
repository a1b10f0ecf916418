"""Parameters of endpoints: from text to typed values, with Binance's code for each kind of mistake.

An endpoint declares a Struct whose fields are annotated with rules. `Reader` turns arguments into
that Struct, in the order of its fields, so the first mistake in Binance's order is the one told.
The same rules give OpenAPI its schemas.
"""

import re
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, Final, Protocol, get_args, get_type_hints

import msgspec
from msgspec import NODEFAULT, Struct

from sunwise.contracts.exchange.records import (
    SelfTradePrevention,
    Side,
    SymbolStatus,
    TimeInForce,
)
from sunwise.exchange.gateway import errors
from sunwise.exchange.gateway.errors import ApiError
from sunwise.exchange.gateway.streams.names import INTERVALS
from sunwise.money.decimal_text import INT64_MAX

# Legal ranges as Binance's messages print them.
DECIMAL_RANGE: Final = r"^([0-9]{1,20})(\.[0-9]{1,20})?$"
INTEGER_RANGE: Final = "^[0-9]{1,20}$"
SYMBOL_RANGE: Final = r"^[\w\-._&&[^a-z]]{1,50}$"  # Java's: letters of any script but a to z
CLIENT_ID_RANGE: Final = "^[.A-Z:/a-z0-9_-]{1,36}$"

_decimal: Final = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?", re.ASCII).fullmatch
_integer: Final = re.compile(r"[0-9]{1,20}", re.ASCII).fullmatch
_symbol: Final = re.compile(r"(?:[^\Wa-z]|[-.])+").fullmatch
is_client_id: Final = re.compile(r"[.A-Z:/a-z0-9_-]{1,36}", re.ASCII).fullmatch

# What signing adds to a call; read by `authentication`, counted here.
SIGNING: Final = ("recvWindow", "timestamp", "signature", "apiKey")
_N_SIGNING: Final = 3  # apiKey belongs to the WebSocket API alone


Quick = Callable[[str], Any]


class Rule(Protocol):
    """How one parameter reads.

    A rule of the order path also has `quick`: the value alone, or LookupError or ValueError, and
    then `read` tells the refusal.
    """

    schema: dict[str, Any]
    """Its JSON schema."""

    def read(self, name: str, text: str) -> Any:  # noqa: ANN401 - each rule has its own type
        """The value. Raises ApiError."""
        ...


class SymbolRule:
    """A symbol's name; whether it is listed is seen later."""

    schema: Final = {"type": "string", "minLength": 1, "maxLength": 50, "examples": ["BTCUSDT"]}

    def read(self, name: str, text: str) -> str:
        """The name, in letters of any script but lower-case ASCII."""
        if len(text) > 50 or not _symbol(text):
            raise errors.illegal(name, SYMBOL_RANGE)
        return text

    def quick(self, text: str) -> str:
        """Only the plainest names."""
        if text.isupper() and text.isalnum() and text.isascii() and len(text) <= 50:
            return text
        raise ValueError


class ClientIdRule:
    """An id that the client chooses."""

    schema: Final = {"type": "string", "pattern": CLIENT_ID_RANGE}

    def read(self, name: str, text: str) -> str:
        """The id."""
        if not is_client_id(text):
            raise errors.illegal(name, CLIENT_ID_RANGE)
        return text

    def quick(self, text: str) -> str:
        """The same."""
        if is_client_id(text):
            return text
        raise ValueError


class DecimalRule:
    """A price or quantity. It stays text: its scale is the symbol's."""

    schema: Final = {"type": "string", "pattern": DECIMAL_RANGE, "examples": ["1.50000000"]}

    def read(self, name: str, text: str) -> str:
        """The number, plain digits with at most one point."""
        if not _decimal(text):
            raise errors.illegal(name, DECIMAL_RANGE)
        return text

    def quick(self, text: str) -> str:
        """Anything short; `listings.scaled` judges it when it takes the number."""
        if 0 < len(text) <= 20:
            return text
        raise ValueError


class IntegerRule:
    """A whole number within bounds; one above `cap` is cut to it, as Binance does with limits."""

    def __init__(self, *, least: int = 0, most: int = INT64_MAX, cap: int | None = None) -> None:
        self.least, self.most, self.cap = least, most, cap
        self.schema = {"type": "integer", "format": "int64", "minimum": least, "maximum": most}

    def read(self, name: str, text: str) -> int:
        """The number."""
        if not _integer(text):
            raise errors.illegal(name, INTEGER_RANGE)
        value = int(text)
        if self.cap is not None and value > self.cap:
            return self.cap
        if value > INT64_MAX:
            raise errors.overflow(name)
        if not self.least <= value <= self.most:
            raise errors.invalid(name)
        return value


class TimeRule:
    """A time in milliseconds or microseconds since 1970; gives nanoseconds."""

    schema: Final = {"type": "integer", "format": "int64", "minimum": 0}

    def read(self, name: str, text: str) -> int:
        """The time, ns since 1970."""
        if not _integer(text):
            raise errors.illegal(name, INTEGER_RANGE)
        return time_ns(int(text), name)


class ChoiceRule:
    """One word of a few, case-sensitive."""

    def __init__(
        self, values: dict[str, Any], refuse: Callable[[], ApiError] | None = None
    ) -> None:
        """`refuse` gives the error of an unknown word; without it, -1130."""
        self._values = values
        self._refuse = refuse
        self.quick: Quick = values.__getitem__
        self.schema = {"type": "string", "enum": list(values)}

    def read(self, name: str, text: str) -> Any:  # noqa: ANN401 - what the words stand for
        """What the word stands for."""
        value = self._values.get(text)
        if value is None:
            raise self._refuse() if self._refuse else errors.invalid(name)
        return value


class BooleanRule:
    """`true` or `false`, in any case."""

    schema: Final = {"type": "boolean"}

    def read(self, name: str, text: str) -> bool:
        """The truth value."""
        word = text.lower()
        if word not in ("true", "false"):
            raise errors.illegal(name, "^(true|false)$")
        return word == "true"


class SymbolListRule:
    """A JSON list of symbols, e.g. `["BTCUSDT","BNBUSDT"]`."""

    schema: Final = {"type": "string", "examples": ['["BTCUSDT","ETHUSDT"]']}

    def __init__(self, most: int = 1_000) -> None:
        self._most = most

    def read(self, name: str, text: str) -> tuple[str, ...]:
        """The names, each once."""
        try:
            names = msgspec.json.decode(text, type=list[str])
        except (msgspec.DecodeError, UnicodeEncodeError):
            raise errors.illegal(
                name, r'^\[("[\w\-._&&[^a-z]]{1,50}"(,"[\w\-._&&[^a-z]]{1,50}"){0,}){0,1}\]$'
            ) from None
        if len(names) > self._most:
            raise errors.too_many_values(name, self._most)
        for each in names:
            SYMBOL.read(name, each)
        if not names:
            raise errors.empty(name)
        if len(set(names)) != len(names):
            raise errors.duplicate_symbols()
        return tuple(names)


class WordsRule:
    """A word, or a JSON list of words."""

    schema: Final = {"type": "string", "examples": ["SPOT", '["SPOT","MARGIN"]']}
    _word: Final = re.compile(r"[A-Z0-9_]{1,32}", re.ASCII)

    def read(self, name: str, text: str) -> tuple[str, ...]:
        """The words."""
        try:
            words = msgspec.json.decode(text, type=list[str]) if text[0] == "[" else [text]
        except msgspec.DecodeError:
            raise errors.invalid_json(name) from None
        if not words or not all(self._word.fullmatch(word) for word in words):
            raise errors.invalid(name)
        return tuple(words)


class ZoneRule:
    """A time zone as hours or hours and minutes, -12:00 to +14:00; gives minutes east."""

    schema: Final = {"type": "string", "examples": ["0", "-1:00", "05:45"]}
    _zone: Final = re.compile(r"([+-]?)([0-9]{1,2})(?::([0-9]{2}))?", re.ASCII)

    def read(self, name: str, text: str) -> int:
        """Minutes to add to UTC."""
        found = self._zone.fullmatch(text)
        if not found or int(found[3] or 0) > 59:
            raise errors.invalid(name)
        minutes = int(found[2]) * 60 + int(found[3] or 0)
        minutes = -minutes if found[1] == "-" else minutes
        if not -12 * 60 <= minutes <= 14 * 60:
            raise errors.invalid(name)
        return minutes


def time_ns(value: int, name: str) -> int:
    """Nanoseconds of a time in ms or µs: what would be later than the year 5138 in ms is µs.

    Raises ApiError -1130 when it is neither.
    """
    if value < 100_000_000_000_000:
        return value * 1_000_000
    if value < 100_000_000_000_000_000:
        return value * 1_000
    raise errors.invalid(name)


def _words_of(kind: Any, *left_out: str) -> dict[str, int]:  # noqa: ANN401 - an IntEnum class
    return {member.name: int(member) for member in kind if member.name not in left_out}


SYMBOL: Final = SymbolRule()

SymbolName = Annotated[str, SYMBOL]
SymbolNames = Annotated[tuple[str, ...], SymbolListRule()]
Words = Annotated[tuple[str, ...], WordsRule()]
ClientId = Annotated[str, ClientIdRule()]
Decimal = Annotated[str, DecimalRule()]
Id = Annotated[int, IntegerRule()]
Time = Annotated[int, TimeRule()]
Zone = Annotated[int, ZoneRule()]
Flag = Annotated[bool, BooleanRule()]
SideName = Annotated[int, ChoiceRule(_words_of(Side), errors.invalid_side)]
TimeInForceName = Annotated[int, ChoiceRule(_words_of(TimeInForce), errors.invalid_tif)]
PreventionName = Annotated[int, ChoiceRule(_words_of(SelfTradePrevention))]
ResponseType = Annotated[str, ChoiceRule({word: word for word in ("ACK", "RESULT", "FULL")})]
Interval = Annotated[str, ChoiceRule({word: word for word in INTERVALS}, errors.invalid_interval)]
TickerType = Annotated[
    str, ChoiceRule({"FULL": "FULL", "MINI": "MINI"}, errors.invalid_ticker_type)
]
StatusName = Annotated[
    int,
    ChoiceRule({**_words_of(SymbolStatus), "BREAK": -1}, errors.invalid_symbol_status),
]


class Field:
    """One parameter as an endpoint declares it."""

    __slots__ = ("default", "name", "quick", "read", "required", "schema")

    def __init__(self, name: str, rule: Rule, default: Any) -> None:  # noqa: ANN401 - as declared
        self.name = name
        """On the wire."""
        self.read = rule.read
        self.quick: Quick = getattr(rule, "quick", partial(rule.read, name))
        """Reads the same; raises LookupError, ValueError or ApiError when `read` would refuse."""
        self.schema = rule.schema
        self.required = default is NODEFAULT
        self.default = None if self.required else default


class Reader:
    """Turns arguments into the Struct of an endpoint's parameters."""

    def __init__(self, params: type[Struct], *, signed: bool) -> None:
        """`signed` lets timestamp and signature come along.

        Raises TypeError for a field without a rule.
        """
        self.fields = _fields_of(params)
        self._params = params
        self._signed = signed
        self._most = len(self.fields) + (_N_SIGNING if signed else 0)
        self._defaults = [field.default for field in self.fields]
        self._required = frozenset(field.name for field in self.fields if field.required)
        self._by_name: dict[str, tuple[int, Quick | None]] = {
            field.name: (index, field.quick) for index, field in enumerate(self.fields)
        }
        if signed:
            self._by_name |= dict.fromkeys(SIGNING, (-1, None))

    def read(self, arguments: dict[str, str]) -> Any:  # noqa: ANN401 - the endpoint's own Struct
        """The parameters. Raises ApiError with the first mistake.

        One pass over what was sent suffices when nothing is wrong; what is, `_read_in_order` tells.
        """
        if len(arguments) > self._most or not arguments.keys() >= self._required:
            return self._read_in_order(arguments)
        values = self._defaults.copy()
        by_name = self._by_name
        try:
            for name, text in arguments.items():
                index, quick = by_name[name]
                if quick is not None:
                    values[index] = quick(text)
        except (LookupError, ValueError, ApiError):
            return self._read_in_order(arguments)
        return self._params(*values)

    def _read_in_order(self, arguments: dict[str, str]) -> Any:  # noqa: ANN401 - as `read`
        """Binance's order: too many, then each parameter in turn, then what nobody has read."""
        sent = len(arguments)
        if sent - ("apiKey" in arguments) > self._most:
            raise errors.too_many_parameters(self._most, sent)
        values, n_read = [], 0
        for field in self.fields:
            text = arguments.get(field.name)
            if text:
                n_read += 1
                values.append(field.read(field.name, text))
            elif text is not None:
                raise errors.empty(field.name)
            elif field.required:
                raise errors.missing(field.name)
            else:
                values.append(field.default)
        if self._signed:
            n_read += sum(name in arguments for name in SIGNING)
        if n_read < sent:
            raise errors.unread(n_read, sent)
        return self._params(*values)


def _fields_of(params: type[Struct]) -> list[Field]:
    hints = get_type_hints(params, include_extras=True)
    fields = []
    for field in msgspec.structs.fields(params):
        rule = next((r for r in _annotations(hints[field.name]) if hasattr(r, "read")), None)
        if rule is None:
            raise TypeError(f"{params.__name__}.{field.name} has no rule")
        fields.append(Field(field.encode_name, rule, field.default))
    return fields


def _annotations(hint: Any) -> list[Any]:  # noqa: ANN401 - a type hint
    """What Annotated carries, also inside `X | None`."""
    found = list(getattr(hint, "__metadata__", ()))
    for inner in get_args(hint):
        found += getattr(inner, "__metadata__", ())
    return found
