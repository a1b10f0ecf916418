"""`sunwise people import`: bring people, teams and owners in from files, after a look at what changes."""

from collections.abc import Iterable, Iterator, Mapping
from fnmatch import fnmatch
from itertools import groupby
from operator import itemgetter
from pathlib import Path, PurePosixPath
from typing import Any, Final

import click

from sunwise.chassis.errors import Permanent
from sunwise.chassis.json_client import RequestRefused
from sunwise.cli.failures import told_in_one_sentence
from sunwise.cli.people_client import PeopleClient, credentials_option

_NAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "csv": ("*.csv",),
    "backstage": ("catalog-info.yaml", "catalog-info.yml"),
    "codeowners": ("CODEOWNERS",),
    "owners": ("OWNERS", "OWNERS_ALIASES"),
}
_SHOWN: Final = 40
_IMPORT_S: Final = 120.0


class NothingToImport(Permanent):
    """No file is there to be read; the message says which names are looked for."""


class ImportRefused(Permanent):
    """Something in the files cannot be taken; what, was told."""

    def __init__(self) -> None:
        super().__init__("Nothing was changed: mend what is refused, and import again.")


@click.command("import")
@click.argument("form", type=click.Choice(list(_NAMES)))
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--repository", default="", help="OWNER/NAME that CODEOWNERS and OWNERS are of.")
@click.option("--whole", is_flag=True, help="CSV: withdraw whoever a table does not name.")
@click.option("--apply", "is_applied", is_flag=True, help="Do what the dry run shows.")
@credentials_option
@told_in_one_sentence
def command(
    *,
    form: str,
    files: tuple[Path, ...],
    repository: str,
    whole: bool,
    is_applied: bool,
    credentials: Path,
) -> None:
    """Show what FILES would change in the directory, and with --apply change it, whole or not at all.

    FORM says what they are. Of a folder, the files are taken that have the format's names.
    """
    client = PeopleClient.of(credentials)
    path = f"/directory/imports/{form}"
    content = {"files": texts_of(form, files), "repository": repository, "is_whole": whole}
    shown = _sent(client, path, content | {"dry_run": True})
    _say(plan_lines(shown))
    if shown["refusals"]:
        raise ImportRefused
    if not is_applied:
        click.echo("Nothing was changed. Do it: the same with --apply")
        return
    expected = {"dry_run": False, "expected_version": shown["base_version"]}
    _say(outcome_lines(_sent(client, path, content | expected)))


def texts_of(form: str, paths: Iterable[Path]) -> dict[str, str]:
    """The texts of the files, and of a folder's files that bear the format's names, by path.

    Paths are those below the folder: where an OWNERS file lies says what it is about.
    Raises NothingToImport and Unreadable.
    """
    from sunwise.people.directory.imports.bounds import decoded

    found: dict[str, str] = {}
    for path in paths:
        for name, file in _files_of(form, path):
            try:
                found[name] = decoded(name, file.read_bytes())
            except OSError as fault:
                raise NothingToImport(f"{file} cannot be read: {fault.strerror}") from fault
    return found


def _files_of(form: str, path: Path) -> Iterator[tuple[str, Path]]:
    if not path.is_dir():
        yield PurePosixPath(path).as_posix(), path
        return
    files = sorted(each for each in path.rglob("*") if _is_named(each.name, form))
    if not files:
        names = " or ".join(_NAMES[form])
        raise NothingToImport(f"There is no {names} in {path}: name the files, or another folder.")
    for file in files:
        yield file.relative_to(path).as_posix(), file


def _is_named(name: str, form: str) -> bool:
    return any(fnmatch(name, pattern) for pattern in _NAMES[form])


def plan_lines(plan: Mapping[str, Any]) -> Iterator[str]:
    """Each field that would change, with old and new, and every reason to refuse, with its place."""
    changes = list(_change_lines(plan["changes"]))
    changes += [f"+ leave {_leave(each)}" for each in plan["leave_added"]]
    changes += [f"- leave {_leave(each)}" for each in plan["leave_removed"]]
    yield from _first(changes)
    yield from _first([_overruled_line(each) for each in plan["overruled"]])
    yield from _first([f"warning: {_problem(each)}" for each in plan["warnings"]])
    yield from (f"refused: {_problem(each)}" for each in plan["refusals"])
    n_objects = len({(each["kind"], each["id"]) for each in plan["changes"]})
    n_leave = len(plan["leave_added"]) + len(plan["leave_removed"])
    if not changes:
        yield "The directory says all of it already."
    else:
        leave = f", {n_leave:,} stretches of leave" if n_leave else ""
        yield f"{len(plan['changes']):,} fields of {n_objects:,} objects{leave} would change."
    if plan["for_two"]:
        yield f"{len(plan['for_two'])} of them need a second person: owners or tiers around the clock."


def outcome_lines(done: Mapping[str, Any]) -> Iterator[str]:
    """What became of it."""
    if done["is_applied"]:
        yield "It is in force."
    else:
        yield (
            f"It waits for a second person as proposal {done['proposal']}: they find it under "
            "Approvals. Until then nothing is changed."
        )


def _change_lines(changes: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """A line for each object that comes or goes, and for each field that changes."""
    for (verb, kind, id_), fields in groupby(changes, itemgetter("verb", "kind", "id")):
        if verb == "changed":
            for each in fields:
                old, new = _value(each["old"]), _value(each["new"])
                yield f"~ {kind} {id_}: {each['field']} {old} -> {new}"
        else:
            sign, side = ("+", "new") if verb == "added" else ("-", "old")
            told = ", ".join(f"{each['field']} {_value(each[side])}" for each in fields)
            yield f"{sign} {kind} {id_}: {told}"


def _overruled_line(said: Mapping[str, Any]) -> str:
    return (
        f"overruled: {said['kind']} {said['id']}: {said['field']} = {_value(said['value'])}; "
        f"{said['by']} is believed before {said['source']}"
    )


def _problem(problem: Mapping[str, Any]) -> str:
    place = f"{problem['place']}: " if problem["place"] else ""
    return f"{place}{problem['kind']} {problem['id']}: {problem['text']}"


def _leave(leave: Mapping[str, Any]) -> str:
    return " ".join(str(value) for value in leave.values())


def _value(value: object) -> str:
    if isinstance(value, list):
        return " ".join(_value(each) for each in value) or "none"
    return str(value) if value not in (None, "") else "none"


def _first(lines: list[str]) -> Iterator[str]:
    yield from lines[:_SHOWN]
    if len(lines) > _SHOWN:
        yield f"  (and {len(lines) - _SHOWN:,} more of these)"


def _sent(client: PeopleClient, path: str, content: Mapping[str, Any]) -> Any:  # noqa: ANN401 - JSON
    """What the server answers; every fault of files that cannot be read is told on a line of its own."""
    try:
        return client.post(path, content, timeout_s=_IMPORT_S)
    except RequestRefused as refusal:
        _, *faults = str(refusal).splitlines()
        if not faults:
            raise
        _say(f"refused: {fault}" for fault in faults)
        raise ImportRefused from refusal


def _say(lines: Iterable[str]) -> None:
    for line in lines:
        click.echo(line)
