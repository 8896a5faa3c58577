"""``python -m latentpress``."""

from latentpress.cli import main

main()
