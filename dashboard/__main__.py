"""`python -m dashboard` is the `stepstate` command."""

from dashboard.cli import main

main()
