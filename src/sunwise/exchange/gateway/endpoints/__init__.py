"""What clients can ask, a module for each of Binance's groups, and the questions behind the answers."""
