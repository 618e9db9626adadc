"""Energy, carbon and money of a calendar month, by tenant, model and job, from what Prometheus recorded.

`months` says which hours; `prometheus` and `collect` read them. Everything else is arithmetic on plain data: `coverage`
(which hours were watched, and how the others are filled), `factors` (PUE, grid), `account` and `statement`. Nothing
here decides about power: what each pod drew, and how that is known, the recording rules say.
"""
