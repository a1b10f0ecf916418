"""Serves the operator's requests: one at a time, each answered after its events are stored."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, Final, Self

import msgspec

from sunwise.chassis.bus import Bus, Message, RepublishFollower, StoredMessage, Subscription
from sunwise.chassis.clock import Clock
from sunwise.chassis.errors import Permanent
from sunwise.chassis.log import Catalog, LogWriter, Outcome
from sunwise.contracts.exchange import accounts as accounts_contract
from sunwise.contracts.exchange.codec import COMMAND_CODECS, unpack_events
from sunwise.contracts.exchange.desk import (
    AccountOpened,
    AccountPlan,
    DeskReply,
    DeskRequest,
    FundsHeld,
    GetListed,
    Listed,
    MoveFunds,
    OpenAccount,
    Provision,
    Provisioned,
    desk_subject,
)
from sunwise.contracts.exchange.log import (
    ADMIN_WRITER,
    decode_events,
    event_stream,
    event_subject,
    reply_subject,
)
from sunwise.contracts.exchange.records import CommandKind, EventKind
from sunwise.contracts.exchange.rejects import Reject
from sunwise.exchange.desk.terms import asset_record, differs, symbol_record

_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final[msgspec.msgpack.Decoder[DeskRequest]] = msgspec.msgpack.Decoder(DeskRequest)
_decode_balances: Final = msgspec.msgpack.Decoder(accounts_contract.AccountsReply)

_ADVICE: Final = {
    Reject.UNKNOWN_ACCOUNT: "There is no such account; open it first.",
    Reject.AMOUNT_OUT_OF_RANGE: "The amount is zero or more than this asset can hold.",
    Reject.FUNDS_LOCKED_OR_MISSING: "The account has not so much free; cancel its orders first.",
    Reject.BAD_TERMS: "The listing's terms contradict each other.",
}


class Refused(Permanent):
    """The engine refused what the operator asked for; the message says why."""


class Desk:
    """The desk of one shard; made by `open`, ended by `close`."""

    def __init__(self, bus: Bus, *, shard: str) -> None:
        self._bus = bus
        self._shard = shard
        self._catalog = Catalog()
        self._accounts: dict[str, int] = {}
        self._one_at_a_time = asyncio.Lock()
        self._writer: LogWriter
        self._serving: Subscription
        self._follower = RepublishFollower(
            bus,
            event_stream(shard),
            self._on_messages,
            stored_subject=event_subject(shard, ADMIN_WRITER),
            live_subject=reply_subject(shard, ADMIN_WRITER),
        )
        self.closed: asyncio.Task[None]
        """Ends, with an exception, when the desk can no longer follow its own events."""

    @classmethod
    async def open(cls, bus: Bus, *, shard: str, clock: Clock) -> Self:
        """A desk that knows everything done before and answers requests.

        Raises Retryable when the log cannot be read now.
        """
        self = cls(bus, shard=shard)
        self.closed = asyncio.get_running_loop().create_task(self._follower.run())
        await self._catch_up()
        self._writer = await LogWriter.open(bus, shard=shard, writer=ADMIN_WRITER, clock=clock)
        self._serving = await bus.serve(desk_subject(shard), self._on_request)
        return self

    async def close(self) -> None:
        """Answers nothing more and gives the admin writer up."""
        await self._serving.close()
        await self._writer.close()
        self.closed.cancel()
        await asyncio.gather(self.closed, return_exceptions=True)

    # --- what was done before ---

    async def _on_messages(self, batch: Sequence[StoredMessage]) -> None:
        for stored in batch:
            message = decode_events(stored.payload)
            self._catalog.apply(message)
            for event in unpack_events(message.records):
                if event.kind == EventKind.ACCOUNT_OPENED and event.reference:
                    self._accounts.setdefault(event.reference, event.account)

    async def _catch_up(self) -> None:
        stream, subject = event_stream(self._shard), event_subject(self._shard, ADMIN_WRITER)
        last = await self._bus.read_last(stream, subject)
        if last is not None:
            self._follower.check()
            await self._follower.wait_for(last.seq)

    # --- requests ---

    async def _on_request(self, message: Message) -> bytes:
        try:
            request = _decode.decode(message.payload)
        except msgspec.DecodeError as error:
            raise Permanent(f"The desk cannot read this request: {error}") from error
        async with self._one_at_a_time:
            return _encode(await self._answer(request))

    async def _answer(self, request: DeskRequest) -> DeskReply:
        match request:
            case Provision():
                return await self._provision(request)
            case OpenAccount(reference=reference):
                [account] = await self._open_accounts([reference])
                return AccountOpened(account=account)
            case MoveFunds():
                return await self._move_funds(request)
            case GetListed():
                listed = self._catalog
                return Listed(
                    assets=listed.assets, symbols=listed.symbols, accounts=dict(self._accounts)
                )

    async def _provision(self, wanted: Provision) -> Provisioned:
        await self._raise_capacities(wanted.capacities)
        if wanted.rules is not None:
            kind = CommandKind.ACTIVATE_RULES
            await self._do([COMMAND_CODECS["control"].pack(kind=kind, rules=wanted.rules)])
        new_assets = [each for each in wanted.assets if self._catalog.asset(each.name) is None]
        await self._do([asset_record(terms) for terms in new_assets])
        await self._catch_up()
        assets = {asset.name: asset for asset in self._catalog.assets}
        new = [each for each in wanted.symbols if self._catalog.symbol(each.name) is None]
        old = [(each, self._catalog.symbol(each.name)) for each in wanted.symbols]
        differing = [t.name for t, listed in old if listed and differs(t, listed, assets)]
        await self._do([symbol_record(terms, assets) for terms in new])
        accounts = await self._provision_accounts(wanted.accounts)
        await self._set_statuses(wanted.statuses)
        await self._catch_up()
        return Provisioned(
            accounts=accounts, listed=[each.name for each in new], differing=differing
        )

    async def _raise_capacities(self, limits: dict[int, int]) -> None:
        codec = COMMAND_CODECS["control"]
        kind = CommandKind.RAISE_CAPACITY
        records = [codec.pack(kind=kind, capacity=c, limit=n) for c, n in limits.items()]
        await self._do(records, passing={Reject.CAPACITY_NOT_RAISED})

    async def _set_statuses(self, statuses: dict[str, int]) -> None:
        records = []
        for name, status in statuses.items():
            symbol = self._catalog.symbol(name)
            if symbol is None:
                raise Refused(f"Symbol {name} is not listed.")
            if symbol.status != status:
                records.append(
                    COMMAND_CODECS["symbol"].pack(
                        kind=CommandKind.SET_SYMBOL_STATUS, symbol=symbol.index, status=status
                    )
                )
        await self._do(records)

    async def _provision_accounts(self, plans: list[AccountPlan]) -> dict[str, int]:
        missing = [each.reference for each in plans if each.reference not in self._accounts]
        opened = await self._open_accounts(missing)
        self._accounts.update(zip(missing, opened, strict=True))
        transfers: list[bytes] = []
        for plan in plans:
            held = {} if plan.reference in missing else await self._held(plan.reference)
            for name, floor_atoms in plan.floor_atoms.items():
                lacking = floor_atoms - held.get(self._asset_index(name), 0)
                if lacking > 0:
                    transfers += self._transfer(self._accounts[plan.reference], name, lacking)
        await self._do(transfers)
        return {plan.reference: self._accounts[plan.reference] for plan in plans}

    async def _open_accounts(self, references: list[str]) -> list[int]:
        codec = COMMAND_CODECS["funds"]
        kind = CommandKind.OPEN_ACCOUNT
        outcomes = await self._do([codec.pack(kind=kind, reference=each) for each in references])
        return [unpack_events(outcome.records)[0].account for outcome in outcomes]

    async def _move_funds(self, request: MoveFunds) -> FundsHeld:
        # One after the other: a refused debit must not let the withdrawal take the house's money.
        outcomes: list[Outcome] = []
        for record in self._transfer(request.account, request.asset, request.amount_atoms):
            outcomes += await self._do([record])
        events = [unpack_events(outcome.records)[0] for outcome in outcomes]
        [moved] = [event for event in events if event.account == request.account]
        return FundsHeld(free_atoms=moved.free_atoms, locked_atoms=moved.locked_atoms)

    def _transfer(self, account: int, asset: str, atoms: int) -> list[bytes]:
        """Commands that bring money in from outside, or take it out, by way of the house."""
        kinds = (CommandKind.DEPOSIT, CommandKind.CREDIT)
        if atoms < 0:
            kinds = (CommandKind.DEBIT, CommandKind.WITHDRAW)
        through_house = {CommandKind.DEPOSIT, CommandKind.WITHDRAW}
        return [
            COMMAND_CODECS["funds"].pack(
                kind=kind,
                account=0 if kind in through_house else account,
                asset=self._asset_index(asset),
                amount_atoms=abs(atoms),
            )
            for kind in kinds
        ]

    def _asset_index(self, name: str) -> int:
        asset = self._catalog.asset(name)
        if asset is None:
            listed = ", ".join(asset.name for asset in self._catalog.assets) or "nothing"
            raise Refused(f"Asset {name} is not listed. Listed are: {listed}.")
        return asset.index

    async def _held(self, reference: str) -> dict[int, int]:
        """What an account holds, free and locked, by asset."""
        query = accounts_contract.GetBalances(account=self._accounts[reference])
        subject = accounts_contract.query_subject(self._shard)
        reply = _decode_balances.decode(await self._bus.request(subject, _encode(query)))
        assert isinstance(reply, accounts_contract.Balances), "accounts answered another question"
        return {each.asset: each.free_atoms + each.locked_atoms for each in reply.balances}

    async def _do(
        self, records: Iterable[bytes], *, passing: set[Reject] | None = None
    ) -> list[Outcome]:
        """The stored outcomes of the commands, in order. Raises Refused for the first refusal."""
        outcomes = await asyncio.gather(*[self._writer.submit(record) for record in records])
        for outcome in outcomes:
            for event in unpack_events(outcome.records):
                if event.kind == EventKind.REJECTED and event.reject not in (passing or ()):
                    raise Refused(_why(event))
        return outcomes


def _why(event: Any) -> str:  # noqa: ANN401 - a named tuple of the codec
    reject = Reject(event.reject)
    advice = _ADVICE.get(reject, "See the reject code.")
    return f"The engine refused it: {reject.name}. {advice}"
