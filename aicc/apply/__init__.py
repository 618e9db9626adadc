"""Bringing a cluster to a set of manifests, and away from it: server-side apply, wait, prune, destroy."""
