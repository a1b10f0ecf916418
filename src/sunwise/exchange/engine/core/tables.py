"""How compiled kernels see arrays: by address and length, the whole state by one pointer.

Numba hands an array over as seven words and types it anew at each call. With
nineteen arrays of state that is microseconds a batch, 133 words copied at every
call between kernels, and minutes of compiling. Here a `Table` is two words, a
`Row` of it one, and a State is one pointer to a `Block` of tables.

Kernels write `state.orders[place].qty_lots` all the same; in plain Python (JIT off)
they are handed the arrays themselves. What differs from Numba's own records:

- whatever the width of a field, a kernel reads an int64 and stores what fits, so that
  a kernel is compiled once and not for each mixture of widths;
- places are never negative: an index is not wrapped around (with bounds checks on,
  one that is out of range is an IndexError);
- the compiler is told that rows of different tables never overlap, as a C++ compiler
  assumes of different structs, so it need not load a field again after each store.
"""

import operator
from typing import Any

import numba
import numpy as np
from llvmlite import ir
from numba.core import cgutils, types
from numba.core.imputils import lower_builtin, lower_getattr_generic, lower_setattr_generic
from numba.core.typing.templates import (
    AbstractTemplate,
    AttributeTemplate,
    infer_getattr,
    infer_global,
    signature,
)
from numba.extending import NativeValue, models, register_model, unbox

from sunwise.exchange.engine.core.jit import IS_COMPILED

_BYTE = ir.IntType(8)
_WORD = ir.IntType(64)


class Row(types.Type):
    """Type of one record in a kernel: its address."""

    def __init__(self, name: str, dtype: np.dtype[Any]) -> None:
        fields: Any = dtype.fields or {}
        self.places = {field: (at, kind.str) for field, (kind, at, *_) in fields.items()}
        self.words = Table(f"{name} words", np.dtype("<i8"), dtype.itemsize // 8)
        super().__init__(name=f"Row({name})")


class Table(types.Type):
    """Type of an array of records, or of plain integers, in a kernel: address and length."""

    def __init__(self, name: str, dtype: np.dtype[Any], length: int = 0) -> None:
        self.row = Row(name, dtype) if dtype.names else None
        self.item = self.row or types.int64
        self.item_bytes = dtype.itemsize
        self.length = length  # of a row's words; else it is known when the kernel runs
        # Plain integers of one width are one type: kernels are compiled for them once.
        self.kin = name if dtype.names or length else dtype.str
        super().__init__(name=f"Table({self.kin})")


class Block(types.Type):
    """Type of a named tuple of arrays in a kernel: a pointer to their addresses and lengths."""

    def __init__(self, name: str, dtypes: dict[str, np.dtype[Any]]) -> None:
        self.tables = {field: Table(field, dtype) for field, dtype in dtypes.items()}
        self.places = {field: place for place, field in enumerate(dtypes)}
        super().__init__(name=f"Block({name})")


def handle(arrays: Any) -> Any:
    """What a compiled kernel takes for an array, or for a named tuple of arrays.

    An array is its address and length, a tuple of arrays the block of all of theirs.
    The arrays themselves must outlive the call. In plain Python: what was given.
    """
    if not IS_COMPILED:
        return arrays
    if isinstance(arrays, tuple):
        words = [word for array in arrays for word in handle(array)]
        return np.array(words, np.int64).tobytes()
    return arrays.ctypes.data, len(arrays)


register_model(Block)(models.OpaqueModel)
register_model(Row)(models.OpaqueModel)


@register_model(Table)
class _TableModel(models.StructModel):  # type: ignore[misc] # Numba publishes no types
    def __init__(self, manager: Any, table: Table) -> None:
        super().__init__(manager, table, [("address", types.voidptr), ("length", types.intp)])


@unbox(Block)
def _unbox_block(_: Block, words: Any, context: Any) -> NativeValue:
    return NativeValue(context.pyapi.bytes_as_string(words))


@unbox(Table)
def _unbox_table(table: Table, pair: Any, context: Any) -> NativeValue:
    api = context.pyapi
    address = api.long_as_voidptr(api.tuple_getitem(pair, 0))
    length = api.long_as_longlong(api.tuple_getitem(pair, 1))
    return NativeValue(_view(context.context, context.builder, table, (address, length)))


@infer_getattr
class _BlockAttributes(AttributeTemplate):  # type: ignore[misc] # Numba publishes no types
    key = Block

    def generic_resolve(self, block: Block, name: str) -> Table | None:
        return block.tables.get(name)


@infer_getattr
class _RowAttributes(AttributeTemplate):  # type: ignore[misc] # Numba publishes no types
    key = Row

    def generic_resolve(self, row: Row, name: str) -> Any:
        if name == "words":
            return row.words
        return types.int64 if name in row.places else None


@infer_global(operator.getitem)
class _GetItem(AbstractTemplate):  # type: ignore[misc] # Numba publishes no types
    def generic(self, arguments: Any, _: Any) -> Any:
        table, place = arguments
        if isinstance(table, Table) and isinstance(place, types.Integer):
            return signature(table.item, table, types.intp)
        return None


@infer_global(operator.setitem)
class _SetItem(AbstractTemplate):  # type: ignore[misc] # Numba publishes no types
    def generic(self, arguments: Any, _: Any) -> Any:
        table, place, _value = arguments
        if isinstance(table, Table) and table.row is None and isinstance(place, types.Integer):
            return signature(types.void, table, types.intp, types.int64)
        return None


@infer_global(len)
class _Length(AbstractTemplate):  # type: ignore[misc] # Numba publishes no types
    def generic(self, arguments: Any, _: Any) -> Any:
        (table,) = arguments
        return signature(types.intp, table) if isinstance(table, Table) else None


@lower_getattr_generic(Block)
def _lower_table(context: Any, builder: Any, block: Block, *accessed: Any) -> Any:
    """Two loads that never change while a kernel runs: the compiler may keep them."""
    pointer, name = accessed
    words = builder.bitcast(pointer, _WORD.as_pointer())
    loaded = []
    for word in (0, 1):
        at = ir.Constant(_WORD, 2 * block.places[name] + word)
        load = builder.load(builder.gep(words, [at]))
        load.set_metadata("invariant.load", builder.module.add_metadata([]))
        loaded.append(load)
    address = builder.inttoptr(loaded[0], _BYTE.as_pointer())
    return _view(context, builder, block.tables[name], (address, loaded[1]))


@lower_getattr_generic(Row)
def _lower_field(context: Any, builder: Any, row: Row, *accessed: Any) -> Any:
    pointer, name = accessed
    if name == "words":
        length = ir.Constant(_WORD, row.words.length)
        return _view(context, builder, row.words, (pointer, length))
    at, code = row.places[name]
    field = builder.gep(pointer, [ir.Constant(_WORD, at)])
    return _load(builder, field, code=code, kin=row.words.kin)


@lower_setattr_generic(Row)
def _lower_set_field(context: Any, builder: Any, call: Any, *accessed: Any) -> None:
    row, value_kind = call.args
    (pointer, value), name = accessed
    at, code = row.places[name]
    value = context.cast(builder, value, value_kind, types.int64)
    field = builder.gep(pointer, [ir.Constant(_WORD, at)])
    _store(builder, value, field, code=code, kin=row.words.kin)


@lower_builtin(operator.getitem, Table, types.intp)
def _lower_getitem(context: Any, builder: Any, call: Any, arguments: Any) -> Any:
    """A record is its address; a plain integer is loaded."""
    table = call.args[0]
    pointer = _item_pointer(context, builder, table, arguments)
    if table.row:
        return pointer
    return _load(builder, pointer, code=f"<i{table.item_bytes}", kin=table.kin)


@lower_builtin(operator.setitem, Table, types.intp, types.int64)
def _lower_setitem(context: Any, builder: Any, call: Any, arguments: Any) -> Any:
    table = call.args[0]
    pointer = _item_pointer(context, builder, table, arguments)
    _store(builder, arguments[2], pointer, code=f"<i{table.item_bytes}", kin=table.kin)
    return context.get_dummy_value()


@lower_builtin(len, Table)
def _lower_length(context: Any, builder: Any, call: Any, arguments: Any) -> Any:
    return cgutils.create_struct_proxy(call.args[0])(context, builder, arguments[0]).length


def _view(context: Any, builder: Any, table: Table, words: tuple[Any, Any]) -> Any:
    """A table from its address and length."""
    view = cgutils.create_struct_proxy(table)(context, builder)
    view.address, view.length = words
    return view._getvalue()  # noqa: SLF001 # Numba's own way to end a struct


def _item_pointer(context: Any, builder: Any, table: Table, arguments: Any) -> Any:
    view = cgutils.create_struct_proxy(table)(context, builder, arguments[0])
    if numba.config.BOUNDSCHECK:
        cgutils.do_boundscheck(context, builder, arguments[1], view.length)
    offset = builder.mul(arguments[1], ir.Constant(_WORD, table.item_bytes))
    return builder.gep(view.address, [offset])


def _load(builder: Any, pointer: Any, *, code: str, kin: str) -> Any:
    """The integer of this NumPy code (`<i4`, `|u1`) as an int64."""
    narrow = ir.IntType(8 * int(code[2:]))
    load = builder.load(builder.bitcast(pointer, narrow.as_pointer()))
    load.set_metadata("tbaa", _kinship(builder.module, kin))
    if narrow.width == _WORD.width:
        return load
    return builder.zext(load, _WORD) if code[1] == "u" else builder.sext(load, _WORD)


def _store(builder: Any, value: Any, pointer: Any, *, code: str, kin: str) -> None:
    narrow = ir.IntType(8 * int(code[2:]))
    if narrow.width < _WORD.width:
        value = builder.trunc(value, narrow)
    store = builder.store(value, builder.bitcast(pointer, narrow.as_pointer()))
    store.set_metadata("tbaa", _kinship(builder.module, kin))


def _kinship(module: Any, kin: str) -> Any:
    """LLVM's note that an access of one kin never touches what one of another kin does."""
    root = module.add_metadata([ir.MetaDataString(module, "sunwise tables")])
    zero = ir.Constant(_WORD, 0)
    kind = module.add_metadata([ir.MetaDataString(module, kin), root, zero])
    return module.add_metadata([kind, kind, zero])
