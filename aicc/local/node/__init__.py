"""A real node beside the simulated ones: containerd, kubelet, kube-proxy and CoreDNS in a sandbox of this machine.

The sandbox is a set of new network, mount and process namespaces. Whatever runs in it, mounts in it or is plugged in it
goes with its first process, so that nothing but the stack's folder and a control group is there to be removed.
"""
