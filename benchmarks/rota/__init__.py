"""How good rotas are: beside round robins that keep the same law, and beside what is possible."""
