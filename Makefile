# `make up` brings the local centre up; `make test` checks everything. Both set up what they need, and are safe to run again.
.DEFAULT_GOAL := help
PY := .venv/bin/python
LOCK := .venv/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header pyproject.toml

# Two processes: what waits for clusters, and what computes (tests/conftest.py).
PARALLEL := --numprocesses 2 --dist loadscope --no-loadscope-reorder

.PHONY: help environment up status down test scaling groups tools lint lock reference dashboards benchmark picture

help: ## List the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST)

up: ## Bring the local centre up and show it
	@bin/aicc up --stack local
	@bin/aicc status --stack local

status: ## Show the local centre
	@bin/aicc status --stack local

down: ## Remove the local centre
	@bin/aicc down --stack local

test: lint tools ## Check everything: linters, types, charts, manifests, a real control plane, end to end
	@$(PY) -m pytest $(PARALLEL)

scaling: environment ## Build KEDA, which takes minutes once, and test replicas that follow requests
	@$(PY) -m aicc.toolbox keda-operator keda-adapter
	@$(PY) -m pytest tests/scaling tests/local/keda

groups: environment ## Build LeaderWorkerSet's controller and test replicas of several nodes; with a vLLM on PATH, that too
	@$(PY) -m aicc.toolbox lws-manager
	@$(PY) -m pytest tests/engines

tools: environment ## Get the pinned binaries: found, downloaded or built
	@$(PY) -m aicc.toolbox

lint: environment
	@.venv/bin/ruff check --quiet
	@.venv/bin/ruff format --check --quiet
	@.venv/bin/mypy
	@.venv/bin/yamllint --strict .
	@$(PY) -m aicc.reference --check
	@$(PY) -m aicc.dashboards --check

environment:
	@bin/environment requirements-dev.txt

lock: ## Pin the dependencies of pyproject.toml anew, with hashes
	@$(LOCK) -o requirements.txt
	@for extra in dev alicloud aws gcp azure; do $(LOCK) --extra $$extra -o requirements-$$extra.txt; done

reference: ## Write docs/reference anew
	@$(PY) -m aicc.reference

dashboards: ## Write charts/monitoring/dashboards anew
	@$(PY) -m aicc.dashboards

benchmark: environment ## Measure, side by side with kwokctl, kubectl and the Pulumi CLI
	@$(PY) -m benchmarks.run

picture: ## Draw the architecture anew (needs Graphviz)
	@dot -Tsvg docs/architecture/centre.dot -o docs/architecture/centre.svg
