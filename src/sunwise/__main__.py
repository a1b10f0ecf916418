"""`python -m sunwise` is `sunwise`."""

from sunwise.cli.main import main

main()
