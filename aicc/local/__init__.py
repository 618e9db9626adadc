"""The embedded local cluster: a real control plane on this machine, with simulated nodes for the plan's pools."""
