"""The policy pack: what every plan of a centre must hold to, whoever wrote it.

Rules are pure functions over resources (`policy.rules`). They run under `pulumi preview --policy-pack policy`
(`policy.pack`) and offline under `aicc policy`; neither needs a cloud's SDK or credentials.
"""
