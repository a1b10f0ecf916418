"""The model as bytes and back, so that a restart does not replay the log from zero."""

from typing import Final

import msgspec

from sunwise.contracts.exchange.accounts import Position
from sunwise.exchange.accounts.account import Account
from sunwise.exchange.accounts.model import Accounts
from sunwise.exchange.accounts.orders import Order

LAYOUT: Final = b"accounts 1"


class _SavedOrder(msgspec.Struct, array_like=True):
    key: int
    terms: bytes
    status: int
    executed_lots: int
    executed_quote_atoms: int
    is_working: bool
    working_ns: int
    updated_ns: int
    expiry_reason: int
    prevented_match_id: int
    prevented_lots: int


class _SavedAccount(msgspec.Struct, array_like=True):
    account: int
    balances: list[tuple[int, int, int]]  # asset, free, locked
    open: list[_SavedOrder]
    closed: list[_SavedOrder]
    executions: int
    updated_ns: int
    told: Position | None


class _Saved(msgspec.Struct):
    position: Position
    time_ns: int
    assets_of: list[tuple[int, int]]
    closed: list[tuple[int, int]]
    accounts: list[_SavedAccount]


def save(model: Accounts) -> bytes:
    """Everything the model knows. Only between batches."""
    assert model.is_between_batches, "a checkpoint holds whole commands"
    saved = _Saved(
        position=model.position,
        time_ns=model.time_ns,
        assets_of=model.assets_of,
        closed=list(model.closed),
        accounts=[_saved_account(number, held) for number, held in model.accounts.items()],
    )
    return msgspec.msgpack.encode(saved)


def load(data: bytes, *, closed_limit: int) -> Accounts:
    """The model that `save` made these bytes of. Raises msgspec.DecodeError."""
    saved = msgspec.msgpack.decode(data, type=_Saved)
    model = Accounts(closed_limit=closed_limit)
    model.position, model.time_ns = saved.position, saved.time_ns
    model.assets_of = saved.assets_of
    for row in saved.accounts:
        model.accounts[row.account] = _loaded_account(row)
    for account, key in saved.closed:
        model.remember_closed(account, key)
    return model


def _saved_account(number: int, held: Account) -> _SavedAccount:
    return _SavedAccount(
        account=number,
        balances=[(asset, *amounts) for asset, amounts in held.balances.items()],
        open=[_saved_order(key, order) for key, order in held.open.items()],
        closed=[_saved_order(key, order) for key, order in held.closed.items()],
        executions=held.executions,
        updated_ns=held.updated_ns,
        told=held.told,
    )


def _loaded_account(row: _SavedAccount) -> Account:
    held = Account()
    held.balances = {asset: (free, locked) for asset, free, locked in row.balances}
    held.closed = {saved.key: _loaded_order(saved) for saved in row.closed}
    held.open = {saved.key: _loaded_order(saved) for saved in row.open}
    held.executions, held.updated_ns, held.told = row.executions, row.updated_ns, row.told
    newest = sorted([*held.closed.items(), *held.open.items()])
    held.by_client_key = {order.client_key: order for _, order in newest}
    return held


def _saved_order(key: int, order: Order) -> _SavedOrder:
    return _SavedOrder(
        key=key,
        terms=order.terms,
        status=order.status,
        executed_lots=order.executed_lots,
        executed_quote_atoms=order.executed_quote_atoms,
        is_working=order.is_working,
        working_ns=order.working_ns,
        updated_ns=order.updated_ns,
        expiry_reason=order.expiry_reason,
        prevented_match_id=order.prevented_match_id,
        prevented_lots=order.prevented_lots,
    )


def _loaded_order(saved: _SavedOrder) -> Order:
    order = Order(
        saved.terms,
        is_working=saved.is_working,
        working_ns=saved.working_ns,
        updated_ns=saved.updated_ns,
    )
    order.status = saved.status
    order.executed_lots = saved.executed_lots
    order.executed_quote_atoms = saved.executed_quote_atoms
    order.expiry_reason = saved.expiry_reason
    order.prevented_match_id = saved.prevented_match_id
    order.prevented_lots = saved.prevented_lots
    return order
