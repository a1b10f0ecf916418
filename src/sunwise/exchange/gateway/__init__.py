"""The gateway: Binance's REST and WebSocket APIs at the edge, the exchange's own messages inside.

owns: API keys, limits, the endpoint registry, Binance's wire names, codes and messages
consumes: listing events of EVT (the catalog), stored events of its own commands, user and market
    feeds, answers of accounts, history and market data
publishes: batches of commands to `cmd.<shard>.g<n>`; replies to clients, each after its event
    is stored
state: API keys in SQL; limits and connections in memory, lost with the process
owner: exchange-edge
"""
