"""Exporters of simulated accelerators: what each vendor's own would say of devices and the pods that hold them.

Every figure is a function of a seed, the device, the pod and the time, and every series says `simulated="true"`.
"""
