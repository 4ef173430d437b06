"""`python -m gateway.cli` is the `hangu` command."""

from gateway.cli import main

main()
