"""A page of our own that shows the dashboards where there is no Grafana; it asks Prometheus, and changes nothing."""
