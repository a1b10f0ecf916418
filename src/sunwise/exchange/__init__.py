"""The exchange plane: what takes orders, matches them and says what happened.

Services here know each other's contracts (`sunwise.contracts.exchange`), never
each other's code, and talk over NATS only.
"""
