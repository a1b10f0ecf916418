"""The gateway: Binance's REST and WebSocket APIs at the edge, the exchange's own messages inside.

owns: API keys, limits, the endpoint registry, Binance's wire names, codes and messages
consumes: listing events of EVT (the catalog), stored events of its own commands, user and market
    feeds, answers of accounts, history and market data
publishes: batches of commands to `cmd.<shard>.g<n>`; replies to clients, each after its event
    is stored
state: API keys in SQL; limits and connections in memory, lost with the process
owner: exchange-edge

inside: imports go down only, in the order of these lines; equals do not import each other
    service
    rest, websocket     transports: what comes in becomes a call, an answer goes out
    endpoints           what can be asked
    users               user data, to whoever listens
    wire                text and JSON of listings, orders and market data
    calls               the way of every call
    streams             market streams, to whoever listens
    lines               WebSocket connections, whatever they carry
    key_requests > store > keys (beside streams and lines)
    errors              what a client is told when something is refused
"""
