"""The centre on a kind cluster, where Docker runs."""
