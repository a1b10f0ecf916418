"""The commonest orders, decoded in one straight line: LIMIT and MARKET by quantity.

`decode_quickly` gives exactly what `parameters.Reader` and `orders.decode_new` give, or None: then
those decide, and they tell what is wrong. A property test holds the two against each other. It is
worth a file because every order passes here: it takes a third of their time.
"""

from typing import Final

from sunwise.contracts.exchange.records import (
    CommandKind,
    OrderType,
    SelfTradePrevention,
    Side,
    TimeInForce,
)
from sunwise.exchange.gateway.calls.parameters import is_client_id
from sunwise.exchange.gateway.wire.listings import Listings
from sunwise.exchange.gateway.wire.orders import Placing, new_id, pack_order
from sunwise.money.decimal_text import Malformed, TooLarge, TooPrecise, parse_scaled

_PLACE: Final = int(CommandKind.PLACE)
_LIMIT: Final = int(OrderType.LIMIT)
_MARKET: Final = int(OrderType.MARKET)
_SIDES: Final = {side.name: int(side) for side in Side}
_TIFS: Final = {tif.name: int(tif) for tif in TimeInForce}
_STP_MODES: Final = {mode.name: int(mode) for mode in SelfTradePrevention}
_RESPONSES: Final = frozenset({"ACK", "RESULT", "FULL"})
_LONGEST_NUMBER: Final = 20  # characters: then neither side of the point is too long for Binance

_SHARED: Final = frozenset(
    {"symbol", "side", "type", "quantity", "newClientOrderId", "newOrderRespType",
     "selfTradePreventionMode", "recvWindow", "timestamp", "signature", "apiKey"}
)  # fmt: skip
_OF_LIMIT: Final = _SHARED | {"timeInForce", "price"}
_KNOWN: Final = {"LIMIT": (_LIMIT, _OF_LIMIT), "MARKET": (_MARKET, _SHARED)}


def decode_quickly(
    arguments: dict[str, str], listings: Listings, account: int, expires_ns: int
) -> Placing | None:
    """The order as the engine takes it, or None when this is no plain, faultless order."""
    get = arguments.get
    kind, known = _KNOWN.get(get("type", ""), (_LIMIT, _SHARED))
    listing = listings.find(get("symbol", ""))
    if listing is None or not arguments.keys() <= known:
        return None
    terms, price, tif = listing.symbol, 0, 0
    qty_text = arguments.get("quantity", "")
    try:
        side = _SIDES[arguments["side"]]
        if kind == _LIMIT:
            tif = _TIFS[arguments["timeInForce"]]
            price_text = arguments["price"]
            atoms = parse_scaled(price_text, listing.quote.decimals)
            price, rest = divmod(atoms, terms.price_atoms_per_tick)
            if rest or len(price_text) > _LONGEST_NUMBER:
                return None
        atoms = parse_scaled(qty_text, listing.base.decimals)
        qty, rest = divmod(atoms, terms.base_atoms_per_lot)
        stp = get("selfTradePreventionMode")
        stp_mode = 0 if stp is None else _STP_MODES[stp]
    except (KeyError, Malformed, TooPrecise, TooLarge):
        return None
    client_id, response = get("newClientOrderId"), get("newOrderRespType", "FULL")
    if client_id is None:
        client_id = new_id()
    elif not is_client_id(client_id):
        return None
    if rest or len(qty_text) > _LONGEST_NUMBER or response not in _RESPONSES:
        return None
    record = pack_order(
        _PLACE, 0, side, kind, tif, stp_mode, account, terms.index, terms.version,
        price, qty, 0, 0, 0, 0, 0, 0, expires_ns, client_id.encode(), b"", 0, 0, 0, 0,
    )  # fmt: skip
    return Placing(
        record, listing, side, kind, tif, stp_mode, price, qty, 0, 0, client_id, response
    )
