"""The single door of the kernels: applies commands one after another, in the order of the log.

Before each command at most MAX_TRIGGERS stops are triggered. Work stops in front
of a command (or of a stop) whose events might not fit the buffer: the caller
drains it and calls again, and the events are the same as in one go.
"""

from typing import Any

from sunwise.exchange.engine.core import rejects
from sunwise.exchange.engine.core.canceling import cancel, cancel_all
from sunwise.exchange.engine.core.codes import (
    ACTIVATE_RULES,
    ADMIN_CLASS,
    CANCEL,
    CANCEL_ALL,
    CLOCK,
    CLOCK_CLASS,
    DEBIT,
    DEPOSIT,
    GATEWAY_CLASS,
    LIST_ASSET,
    LIST_SYMBOL,
    MAX_EVENTS,
    MAX_TRIGGERS,
    OPEN_ACCOUNT,
    PLACE,
    RAISE_CAPACITY,
    SET_SYMBOL_STATUS,
)
from sunwise.exchange.engine.core.events import tell_refusal
from sunwise.exchange.engine.core.funds import move_funds, open_account
from sunwise.exchange.engine.core.jit import entry, kernel
from sunwise.exchange.engine.core.listing import (
    activate_rules,
    list_asset,
    list_symbol,
    set_clock,
    set_status,
)
from sunwise.exchange.engine.core.placing import place
from sunwise.exchange.engine.core.time_in_force import trigger_next


@entry
def apply_commands(state: Any, commands: Any, out: Any, first: int) -> int:
    """Applies commands from `first` on; returns the place of the first one that is not done.

    That is the end, or where the buffer `out` was too full, or a RAISE_CAPACITY that may
    be carried out: the arrays grow between two calls. The number of events written
    is in `control.n_events`.
    """
    control = state.control[0]
    control.n_events = 0
    for index in range(first, len(commands)):
        control.command_index = index
        while control.trigger_first and control.drained < MAX_TRIGGERS:
            if control.n_events + MAX_EVENTS > len(out):
                return index
            trigger_next(state, out)
            control.drained += 1
        if control.n_events + MAX_EVENTS > len(out):
            return index
        command = commands[index]
        kind = command.kind
        if kind == PLACE and control.writer_class >= ADMIN_CLASS:
            place(state, command, out)
        elif kind == CANCEL and control.writer_class >= ADMIN_CLASS:
            cancel(state, command, out)
        elif kind == RAISE_CAPACITY and control.writer_class == ADMIN_CLASS:
            return index
        else:
            _apply_rare(state, command, out)
        control.drained = 0
    return len(commands)


@kernel
def _apply_rare(state: Any, command: Any, out: Any) -> None:
    """Whatever is not PLACE or CANCEL, and what its writer may not send."""
    kind = command.kind
    code = _check_writer(state.control[0], kind)
    if code != rejects.NONE:
        tell_refusal(state, out, command, code)
    elif kind == CANCEL_ALL:
        cancel_all(state, command, out)
    elif kind == CLOCK:
        set_clock(state, command, out)
    elif kind == OPEN_ACCOUNT:
        open_account(state, command, out)
    elif DEPOSIT <= kind <= DEBIT:
        move_funds(state, command, out)
    elif kind == LIST_ASSET:
        list_asset(state, command, out)
    elif kind == LIST_SYMBOL:
        list_symbol(state, command, out)
    elif kind == SET_SYMBOL_STATUS:
        set_status(state, command, out)
    else:
        activate_rules(state, command, out)


@kernel
def _check_writer(control: Any, kind: int) -> int:
    """UNKNOWN_KIND, or NOT_AUTHORISED when this writer may not send the kind."""
    is_order = PLACE <= kind <= CANCEL_ALL
    is_funds = OPEN_ACCOUNT <= kind <= DEBIT
    is_listing = LIST_ASSET <= kind <= SET_SYMBOL_STATUS
    is_control = kind in (RAISE_CAPACITY, ACTIVATE_RULES)
    if not (is_order or is_funds or is_listing or is_control or kind == CLOCK):
        return rejects.UNKNOWN_KIND
    writer = control.writer_class
    if kind == CLOCK:
        return rejects.NONE if writer == CLOCK_CLASS else rejects.NOT_AUTHORISED
    if writer == ADMIN_CLASS or (is_order and writer == GATEWAY_CLASS):
        return rejects.NONE
    return rejects.NOT_AUTHORISED
