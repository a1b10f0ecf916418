"""Pages of the people plane: plain ES modules, and the answers that each page is made of.

owns: the shell of each page, its modules and its style; `GET /pages/...`, one answer a view
consumes: the directory's snapshot, the duty board, and what the composition says waits for somebody
publishes: nothing
state: none
owner: people

`today` and `rota_view` are pure: a snapshot and slots in, what the page shows out. Local times are made
in the reader's browser, from instants and zone names.
"""
