"""`python -m sunwise.cli` is `sunwise`."""

import sys


def run() -> None:
    """The command line as a program of its own."""
    # nats-py imports aiohttp where it is installed, for a transport that nobody here uses: a third
    # of a second and 12 MB of each process. Not in `main`: tests call that beside real clients.
    sys.modules.setdefault("aiohttp", None)  # type: ignore[arg-type]  # None forbids the import
    from sunwise.cli.main import main  # after the line above

    main()


if __name__ == "__main__":
    run()
