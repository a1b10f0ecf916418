"""An import as it is asked for over HTTP: files by name, and how far they reach."""

from typing import Annotated, Literal

import msgspec

from sunwise.people.directory.imports.backstage import read_backstage
from sunwise.people.directory.imports.bounds import Fault, Unreadable
from sunwise.people.directory.imports.code_owners import read_code_owners
from sunwise.people.directory.imports.known import Known
from sunwise.people.directory.imports.owners import read_owners
from sunwise.people.directory.imports.tables_csv import read_tables
from sunwise.people.directory.planning import ChangeSet

Format = Literal["csv", "backstage", "codeowners", "owners"]


class ImportRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Files to import; without `dry_run=false` nothing is changed."""

    files: Annotated[dict[str, str], msgspec.Meta(min_length=1)]
    """Texts by name or path."""
    repository: str = ""
    """That CODEOWNERS and OWNERS are of."""
    is_whole: bool = False
    """CSV: whoever a table does not name is withdrawn."""
    dry_run: bool = True
    expected_version: int | None = None
    """Of the directory, as the dry run showed it."""


def read_request(form: str, request: ImportRequest, known: Known) -> ChangeSet:
    """What the files say. Raises Unreadable."""
    if form == "csv":
        return read_tables(request.files, known, is_whole=request.is_whole)
    if form == "backstage":
        return read_backstage(request.files, known)
    if not request.repository:
        raise Unreadable([Fault(form, "say of which `repository` the files are")])
    if form == "owners":
        return read_owners(request.files, known, repository=request.repository)
    if len(request.files) > 1:
        raise Unreadable([Fault(form, "a repository has one CODEOWNERS file: send that alone")])
    ((name, text),) = request.files.items()
    return read_code_owners(name, text, known, repository=request.repository)
