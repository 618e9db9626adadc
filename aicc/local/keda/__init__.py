"""KEDA beside the local control plane: its operator and its metrics adapter, as processes of this machine on loopback.

They are the programs that run in a cluster elsewhere, so what the layers emit for KEDA is tried here for real. KEDA
starts the first replica and stops the last; the control plane's own autoscaler does the rest.
"""
