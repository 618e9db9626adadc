"""The dashboards themselves. They need Grafana's builder, which only those who change them install."""

from aicc.dashboards.definitions.capacity import capacity
from aicc.dashboards.definitions.cost import cost
from aicc.dashboards.definitions.green import green
from aicc.dashboards.definitions.nodes import nodes
from aicc.dashboards.definitions.overview import overview
from aicc.dashboards.definitions.serving import serving
from aicc.dashboards.definitions.tenant import tenant

ALL = (overview, nodes, tenant, serving, capacity, green, cost)
"""In the order in which they are listed."""
