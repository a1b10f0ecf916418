"""Who may do what in the people plane."""
# ruff: noqa: INP001 - scripts of the documents

from collections.abc import Iterator

from docs.reference.generator.markdown import code, comments, table

from sunwise.chassis.guard.rights import FOR_INTEGRATIONS, MATRIX, Right, Role


def rights_page() -> str:
    """The table of rights by role."""
    roles = " | ".join(Role)
    return f"""# Rights

Who may do what in the people plane: the table that the door asks (`sunwise.chassis.guard.rights`). Everybody
with a personal token is a member; an administrator gives the other roles.

*Own* means oneself: one's own profile, leave, shifts, pages, tokens. *Team* adds the people and services of
the teams that one leads, *all* everybody. A right never stands above the law: rest and leave bind whoever asks.

{table(f"Right | For | {roles}", _rows())}
An integration (an alert sender, an identity provider) has a key of its own for one right, which can be:
{", ".join(code(right.value) for right in sorted(FOR_INTEGRATIONS))}.
"""


def _rows() -> Iterator[tuple[str, ...]]:
    meanings = comments(Right)
    for right, by_role in MATRIX.items():
        scopes = ["" if scope is None else scope.name.lower() for scope in by_role]
        yield code(right.value), meanings[right.name], *scopes
