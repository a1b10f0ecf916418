"""The exchange: engine, gateways, market data, accounts, history."""
