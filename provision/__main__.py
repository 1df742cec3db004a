"""Run the command line when the package is started as `python -m provision`."""

from provision.cli import main

main()
