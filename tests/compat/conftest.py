"""What a running exchange must be told so that a test suite may trade on it as fast as it can."""

import os

# The fixture of the exchange asks for every account's open orders after each test, which weighs 80:
# a minute of tests weighs more than Binance lets one address ask for. And 200 open orders are to be
# placed faster than Binance would let one account.
ORDERS_PER_10_SECONDS = 300
os.environ.setdefault("SUNWISE_GATEWAY_WEIGHT_PER_MINUTE", "1000000")
os.environ.setdefault("SUNWISE_GATEWAY_ORDERS_PER_10_SECONDS", str(ORDERS_PER_10_SECONDS))
