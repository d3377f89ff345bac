# The commands of this repository. PORT, OMS_HOME, DATABASE_URL and REDIS_URL are honored everywhere.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PY := .venv/bin/python
PYTHON_STAMP := .venv/.python-installed
FRONTEND_STAMP := .venv/.frontend-installed
ARGS ?=

.PHONY: help setup demo up test check bench docs reset

help: ## list the commands
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-7s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(PYTHON_STAMP) $(FRONTEND_STAMP) ## make the environment; starts nothing

$(PYTHON_STAMP): requirements.txt requirements-dev.txt
	@.ci/setup python
	@touch $@

$(FRONTEND_STAMP): package.json package-lock.json $(PYTHON_STAMP)
	@.ci/setup frontend
	@touch $@

demo: setup ## run everything with a demo world that stays alive, until Ctrl-C
	@exec $(PY) manage.py up --demo

up: setup ## run everything on this machine, without a demo world
	@exec $(PY) manage.py up

test: setup ## run every test
	@.ci/setup chromium
	@exec $(PY) -m pytest -n 2 --dist loadfile $(ARGS)

check: setup ## the fast gates: format, lint, types, imports, migrations, deployment, schema
	.venv/bin/ruff format --check .
	.venv/bin/ruff check .
	.venv/bin/mypy .
	.venv/bin/lint-imports
	$(PY) manage.py makemigrations --check --dry-run
	DJANGO_SETTINGS_MODULE=oms.settings.prod $(PY) manage.py check --deploy --fail-level WARNING
	$(PY) manage.py spectacular --validate --fail-on-warn --file .venv/openapi.yaml
	diff -u docs/openapi.yaml .venv/openapi.yaml
	$(PY) manage.py render_state_machines --check
	$(PY) manage.py render_events --check
	$(PY) manage.py render_settings --check

bench: setup ## measure, print a table, write bench.json
	@exec $(PY) manage.py bench $(ARGS)

docs: setup ## render the generated documents
	$(PY) manage.py spectacular --validate --fail-on-warn --file docs/openapi.yaml
	$(PY) manage.py render_state_machines
	$(PY) manage.py render_events
	$(PY) manage.py render_settings

reset: setup ## stop, and delete all data of this install
	@exec $(PY) manage.py reset --yes
