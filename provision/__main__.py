"""`python -m provision` is the command line."""

from provision.cli import main

main()
