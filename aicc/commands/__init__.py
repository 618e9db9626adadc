"""One module per command: what it does, without how the command line spells it."""
