"""Lets deferrable jobs wait for hours in which the grid emits less, and never beyond their deadline."""
