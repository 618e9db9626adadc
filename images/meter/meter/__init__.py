"""The meter: what the plan says of machines, promises and budgets, and what the cluster runs, as Prometheus series."""
