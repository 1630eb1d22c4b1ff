# Every developer verb. `make` alone lists them.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg
# A developer's own settings must not change a result.
unexport QM_URL QM_TOKEN QM_PROFILE QM_CONFIG QM_DATABASE_URL

COLLECTION := collections/ansible_collections/quartermaster/fleet
LINKED := galaxy.yml README.md meta playbooks plugins roles

.PHONY: help
help: ## list the verbs
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

# The lock file alone decides: pyproject.toml holds the settings of the tools, too.
.venv/ok: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; found $$($(PYTHON) --version). Set PYTHON=…" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { [ "$$(id -u)" = 0 ] && apt-get install -y -qq python3-venv; } || { echo "Python's venv module is missing: apt-get install python3-venv" >&2; exit 1; }
	@echo "Python packages: half a minute, once"
	@base=$$($(PYTHON) -c 'import sys; print(sys._base_executable)') && rm -rf .venv && "$$base" -m venv .venv # not .venv's own, where that is active
	@.venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r packaging/installer.lock
# pip takes over where it alone knows the mirror: uv does not read its settings.
	.venv/bin/uv pip install --quiet --python .venv/bin/python --require-hashes -r requirements.lock || .venv/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	.venv/bin/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch .venv/ok

.PHONY: link
link: .venv/ok ## make the checkout importable as quartermaster.fleet (links, entry by entry)
	@rm -rf $(COLLECTION) && mkdir -p $(COLLECTION)
	@for entry in $(LINKED); do ln -s ../../../../$$entry $(COLLECTION)/$$entry; done

.PHONY: lock
lock: .venv/ok ## choose newer versions of all dependencies
	echo uv | uv pip compile - --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --upgrade -o packaging/installer.lock
	uv pip compile pyproject.toml --quiet --all-extras --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --upgrade -o requirements.lock
	uv pip compile pyproject.toml --quiet --constraint requirements.lock --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --upgrade -o packaging/requirements.lock
	uv pip compile tests/cores/oldest.in --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --upgrade -o tests/cores/oldest.lock

.PHONY: demo
demo: link ## show it all: a fleet from a CSV file on real hosts, with mesh and firewall
	@python -m demo up

.PHONY: demo-down
demo-down: .venv/ok ## remove what `make demo` made, and nothing else
	@python -m demo down

.PHONY: check
check: link ## what must pass before a change is shown: lint, types, imports, docs, unit tests
	@python -m tests.stages check

.PHONY: test
test: link ## all tests, fast ones first: check, collection, contract, real hosts, molecule
	@python -m tests.stages test

.PHONY: soak
soak: link ## what only a long run proves, by hand or at night; prints rounds and seconds
	@QUARTERMASTER_SOAK=1 TEST_FAULT_NODES=10000 pytest -q -p no:cacheprovider -m soak tests

.PHONY: serve
serve: .venv/ok ## run the service on 127.0.0.1:9008 with a database of your own
	@qm migrate && exec qm serve

.PHONY: docs
docs: .venv/ok ## write the generated tables of docs/ and README files anew from the code
	@python -m tests.architecture.tables --write

.PHONY: build
build: link ## build the collection and the Python package into build/
	@mkdir -p build
	@ansible-galaxy collection build --force --output-path build
	@python -m build --no-isolation --outdir build .

.PHONY: bench
bench: link ## measure all that has a target, beside others' ways; SIZES=1000 for a quick look, PARTS=roles for one part
	@python -m tests.bench $(if $(SIZES),--sizes $(SIZES)) $(if $(PARTS),--parts $(PARTS))

.PHONY: clean
clean: ## remove what tools made; .venv and demo data stay
	@rm -rf build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .ansible $(COLLECTION)
	@find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +
