"""Liquidity: seeded market makers and takers, so that every listed symbol can be traded.

owns: its own accounts' orders; cancels what an earlier run left before it quotes.
consumes: the gateway's public REST and WebSocket API, like any other client.
publishes: orders. Nothing inside the company depends on it.
state: none that is kept: prices continue from the last trade, orders are its own to cancel.
owner: exchange.
"""
