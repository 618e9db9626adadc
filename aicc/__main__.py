"""`python -m aicc`."""

from aicc.cli import main

main()
