"""Talking to a Kubernetes API server: a thin client, and when an object counts as ready."""
