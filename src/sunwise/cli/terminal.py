"""What the person at the terminal sees: sentences, a small table, a spinner while waiting."""

import contextlib
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.markup import escape


class Terminal:
    """The terminal; plain lines when it is none."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False, soft_wrap=True)

    def say(self, sentence: str) -> None:
        """One sentence, as it is: nothing in it is taken for markup."""
        self.console.print(sentence, markup=False)

    @contextlib.contextmanager
    def waiting(self, why: str) -> Iterator[Callable[[str], None]]:
        """A spinner with the reason while the block runs; what it yields says how far that is."""
        if not self.console.is_terminal:
            self.say(why)
            yield lambda _progress: None
            return
        with self.console.status(escape(why)) as status:
            yield lambda progress: status.update(escape(f"{why} {progress}"))

    def table(self, rows: dict[str, str]) -> None:
        """Lines of two columns; long values stay whole, so that they can be copied."""
        width = max(map(len, rows))
        for name, value in rows.items():
            self.say(f"  {name:<{width}}  {value}")
