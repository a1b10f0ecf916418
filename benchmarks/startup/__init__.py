"""How soon somebody who starts it sees a trade, and what it takes of the machine."""
