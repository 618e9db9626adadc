"""Monitoring of a resolved centre: what is promised, what may be used, and what the meter knows of the machines."""
