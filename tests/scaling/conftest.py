"""The gate and helm, as the gateway's own tests make them."""

from tests.gateway.conftest import gate, go, helm

__all__ = ["gate", "go", "helm"]
