"""Monitoring of a local stack: Prometheus, Alertmanager, the meter and simulated exporters, as processes here."""
