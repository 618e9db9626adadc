"""Dashboards: defined in Python, generated as Grafana's JSON, and shown by a page of our own where Grafana is not."""
