"""How kernels are compiled: the one decorator, its cache, and three machine instructions.

The same source runs in three ways, chosen by Numba's own environment variables
before the first import: compiled (the default), compiled with bounds checks
(`NUMBA_BOUNDSCHECK=1`), and as plain Python (`NUMBA_DISABLE_JIT=1`).

Numba's disk cache notices a change of the file that holds a kernel, but not of
the modules that the kernel calls. So the cache lives in a folder named by a
hash of everything that a kernel is made of: any change is a new folder.
"""

import fcntl
import functools
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

import llvmlite
import numba
import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from sunwise.contracts.exchange import records, rejects

IS_COMPILED: Final = not numba.config.DISABLE_JIT
ONE: Final = np.int64(1)  # what a bit is shifted from: wraps at bit 63 without a warning
ALL_ONES: Final = np.int64(-1)

_OPTIONS: Final[dict[str, Any]] = {
    "_nrt": False,  # kernels never allocate; counting references cost a quarter of the time
    "error_model": "numpy",  # divisors are proven positive: no test for zero before each division
}
_WORD: Final = 2**64
_Function = TypeVar("_Function", bound=Callable[..., Any])


def kernel(function: _Function) -> _Function:
    """The function, compiled where it is called from; plain Python when JIT is off."""
    inner = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}  # Python never calls it
    compiled: _Function = numba.njit(**inner, **_OPTIONS)(function)
    return compiled


def entry(function: _Function) -> _Function:
    """A kernel that Python calls: as `kernel`, and its machine code is kept on disk."""
    if not IS_COMPILED:
        return function
    outer = numba.config.CACHE_DIR
    try:
        numba.config.CACHE_DIR = str(cache_folder())
        compiled: _Function = numba.njit(cache=True, no_cfunc_wrapper=True, **_OPTIONS)(function)
    except (OSError, RuntimeError):  # no folder can be written: compile at every start
        compiled = numba.njit(no_cfunc_wrapper=True, **_OPTIONS)(function)
    finally:
        numba.config.CACHE_DIR = outer
    return compiled


@functools.cache
def bound(function: Callable[..., Any], *kinds: Any) -> Callable[..., Any]:
    """The machine code of an `entry` for arguments of these Numba types; compiles it now.

    It takes `tables.handle` of each State and array, and plain integers. Skips
    Numba's look-up by argument types at each call; the caller vouches for them.
    """
    if not IS_COMPILED:
        return function
    with _alone():
        function.compile(kinds)  # type: ignore[attr-defined] # Numba's dispatcher
    entry_point: Callable[..., Any] = function.overloads[kinds].entry_point  # type: ignore[attr-defined] # likewise
    return entry_point


@contextmanager
def _alone() -> Iterator[None]:
    """Lets one process of this machine compile at a time: the others find its work in the cache."""
    try:
        folder = cache_folder()
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder / "lock", os.O_CREAT | os.O_RDWR)
    except OSError:  # nothing can be kept there, so there is nothing to wait for
        yield
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def cache_folder() -> Path:
    """Where machine code of exactly these sources, this Numba and this processor is kept.

    Below SUNWISE_CACHE_DIR, else XDG_CACHE_HOME, else ~/.cache.
    """
    root = os.environ.get("SUNWISE_CACHE_DIR") or os.environ.get("XDG_CACHE_HOME")
    base = Path(root) if root else Path.home() / ".cache"
    return base / "sunwise" / "kernels" / source_hash()


def source_hash() -> str:
    """Hash of all that machine code depends on: sources, versions, processor and options."""
    digest = hashlib.blake2b(digest_size=12)
    here = sorted(Path(__file__).parent.glob("*.py"))
    contracts = [Path(str(module.__file__)) for module in (records, rejects)]
    for path in [*here, *contracts]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    machine = (
        numba.__version__, llvmlite.__version__, np.__version__,
        numba.config.CPU_NAME, numba.config.CPU_FEATURES, numba.config.BOUNDSCHECK,
    )  # fmt: skip
    digest.update(repr(machine).encode())
    return digest.hexdigest()


def _lowest_bit(bits: int) -> int:
    word = int(bits) % _WORD
    return (word & -word).bit_length() - 1


def _highest_bit(bits: int) -> int:
    return (int(bits) % _WORD).bit_length() - 1


def _folded_product(left: int, right: int) -> int:
    product = (int(left) % _WORD) * (int(right) % _WORD)
    word = product // _WORD ^ product % _WORD
    return word - _WORD if word >= _WORD // 2 else word


@intrinsic
def _lowest_bit_compiled(_context: Any, _bits: Any) -> Any:
    def generate(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.int64), generate


@intrinsic
def _highest_bit_compiled(_context: Any, _bits: Any) -> Any:
    def generate(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        zeros = builder.ctlz(arguments[0], ir.Constant(ir.IntType(1), 1))
        return builder.sub(ir.Constant(ir.IntType(64), 63), zeros)

    return types.int64(types.int64), generate


@intrinsic
def _folded_product_compiled(_context: Any, _left: Any, _right: Any) -> Any:
    def generate(_: Any, builder: Any, __: Any, arguments: Any) -> Any:
        wide = ir.IntType(128)
        product = builder.mul(*(builder.zext(argument, wide) for argument in arguments))
        high = builder.lshr(product, ir.Constant(wide, 64))
        return builder.trunc(builder.xor(product, high), ir.IntType(64))

    return types.int64(types.int64, types.int64), generate


# Place of the lowest and of the highest set bit of a word that is not zero.
lowest_bit: Any = _lowest_bit_compiled if IS_COMPILED else _lowest_bit
highest_bit: Any = _highest_bit_compiled if IS_COMPILED else _highest_bit
# High half xor low half of the 128-bit product: one multiplication mixes two words (wyhash).
folded_product: Any = _folded_product_compiled if IS_COMPILED else _folded_product
