"""Accounts and money from outside: every credit comes out of the house's funded account.

DEPOSIT and WITHDRAW move between the outside and the house, CREDIT and DEBIT
between the house and an account. So the sum of an asset's balances is at every
moment what was deposited less what was withdrawn.
"""

from typing import Any

from sunwise.exchange.engine.core import rejects
from sunwise.exchange.engine.core.balances import (
    find_balance,
    find_or_add_balance,
    has_room_for_balances,
    spend_free,
)
from sunwise.exchange.engine.core.client_ids import is_ascii
from sunwise.exchange.engine.core.codes import (
    ACCOUNT_OPENED,
    CREDIT,
    DEBIT,
    DEPOSIT,
    FEE_ACCOUNT,
    FIRST_CLIENT_ACCOUNT,
    FUNDS_MOVED,
    HOUSE_ACCOUNT,
    MAX_ATOMS,
    OPEN_ACCOUNT,
    WITHDRAW,
)
from sunwise.exchange.engine.core.events import new_event, tell_refusal
from sunwise.exchange.engine.core.jit import kernel


@kernel
def open_account(state: Any, command: Any, out: Any) -> None:
    """Gives out the next account number."""
    control = state.control[0]
    code = _check_time(state, command)
    if code == rejects.NONE and control.n_accounts >= len(state.accounts):
        code = rejects.ACCOUNTS_FULL
    if code != rejects.NONE:
        tell_refusal(state, out, command, code)
        return
    account = control.n_accounts
    control.n_accounts += 1
    event = new_event(state, out)
    event.kind = ACCOUNT_OPENED
    event.funds_command_kind = OPEN_ACCOUNT
    event.funds_account = account
    _tell_reference(event, command)


@kernel
def move_funds(state: Any, command: Any, out: Any) -> None:
    """DEPOSIT, WITHDRAW, CREDIT or DEBIT."""
    code = _check_funds(state, command)
    if code != rejects.NONE:
        tell_refusal(state, out, command, code)
        return
    kind = command.kind
    atoms = command.funds_amount_atoms
    asset = state.assets[command.funds_asset]
    house = state.balances[asset.house_balance]
    account = HOUSE_ACCOUNT
    moved = house
    if kind == DEPOSIT:
        asset.deposited_atoms += atoms
        house.free_atoms += atoms
    elif kind == WITHDRAW:
        asset.deposited_atoms -= atoms
        spend_free(house, atoms)
    else:
        account = command.funds_account
        moved = state.balances[find_or_add_balance(state, account, command.funds_asset)]
        spend_free(house if kind == CREDIT else moved, atoms)
        receiver = moved if kind == CREDIT else house
        receiver.free_atoms += atoms
    event = new_event(state, out)
    event.kind = FUNDS_MOVED
    event.funds_command_kind = kind
    event.funds_asset = command.funds_asset
    event.funds_account = account
    event.funds_amount_atoms = atoms
    event.funds_free_atoms = moved.free_atoms
    event.funds_locked_atoms = moved.locked_atoms
    event.funds_house_free_atoms = house.free_atoms
    event.funds_deposited_atoms = asset.deposited_atoms
    _tell_reference(event, command)


@kernel
def _check_time(state: Any, command: Any) -> int:
    if command.flag_bits != 0 or command.funds_expires_ns < 0:
        return rejects.BAD_FIELD
    if not is_ascii(_reference_of(command)):
        return rejects.BAD_FIELD
    if 0 < command.funds_expires_ns < state.control[0].now_ns:
        return rejects.EXPIRED_COMMAND
    return rejects.NONE


@kernel
def _check_funds(state: Any, command: Any) -> int:
    """The first rule that the movement breaks, in the order of the reject codes."""
    control = state.control[0]
    kind = command.kind
    code = _check_time(state, command)
    if code != rejects.NONE:
        return code
    # Fees are collected by a DEBIT of their account; nothing but fees is credited to it.
    first = FEE_ACCOUNT if kind == DEBIT else FIRST_CLIENT_ACCOUNT
    is_client = kind in (CREDIT, DEBIT)
    account = command.funds_account
    if is_client and (account < first or account >= control.n_accounts):
        return rejects.UNKNOWN_ACCOUNT
    if command.funds_asset < 0 or command.funds_asset >= control.n_assets:
        return rejects.UNKNOWN_ASSET
    asset = state.assets[command.funds_asset]
    house = state.balances[asset.house_balance]
    atoms = command.funds_amount_atoms
    if kind == CREDIT and house.free_atoms < atoms:
        return rejects.HOUSE_UNFUNDED
    if atoms <= 0 or (kind == DEPOSIT and atoms > MAX_ATOMS - asset.deposited_atoms):
        return rejects.AMOUNT_OUT_OF_RANGE
    if kind == WITHDRAW and house.free_atoms < atoms:
        return rejects.FUNDS_LOCKED_OR_MISSING
    if is_client:
        balance_no = find_balance(state, account, command.funds_asset)
        if kind == DEBIT and state.balances[balance_no].free_atoms < atoms:
            return rejects.FUNDS_LOCKED_OR_MISSING
        if balance_no == 0 and not has_room_for_balances(state, 1):
            return rejects.BALANCES_FULL
    return rejects.NONE


@kernel
def _reference_of(command: Any) -> tuple[int, int, int, int, int]:
    return (
        command.funds_reference_0,
        command.funds_reference_1,
        command.funds_reference_2,
        command.funds_reference_3,
        command.funds_reference_4,
    )


@kernel
def _tell_reference(event: Any, command: Any) -> None:
    reference = _reference_of(command)
    event.funds_reference_0 = reference[0]
    event.funds_reference_1 = reference[1]
    event.funds_reference_2 = reference[2]
    event.funds_reference_3 = reference[3]
    event.funds_reference_4 = reference[4]
