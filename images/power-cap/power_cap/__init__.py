"""Keeps the power limit of a node's accelerators at the declared cap, and says what the driver really has."""
