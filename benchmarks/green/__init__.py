"""Simulations of what using less saves and what it delays; see green.md."""
