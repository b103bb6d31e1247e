# YunTaKan: `make demo` and `make test` need Python 3.11, Node 20, bash and make; everything else is set up here.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PORT ?= 8443
DATA ?= ./data

# Both may be missing under cron, systemd or `env -i`; sbin holds what dpkg needs.
export PATH := $(if $(PATH),$(PATH):,)/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
export HOME := $(if $(HOME),$(HOME),$(shell unset HOME; echo ~))
# Chinese is printed everywhere; a bare environment would mean ASCII.
export PYTHONUTF8 := 1
export PYTHONUNBUFFERED := 1

.PHONY: help setup setup-dev demo test check ui lock licences clean

help: ## this list
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

setup: ## virtual environment, locked packages, front end
	@scripts/setup.sh run

setup-dev: ## the same and what tests and checks need (Debian's browsers too, as root)
	@scripts/setup.sh run dev browsers

demo: setup ## set up, then the server on https://localhost:PORT with one prepared inspection (PORT=, DATA=)
	@exec .venv/bin/yuntakan demo --port "$(PORT)" --data "$(DATA)"

test: setup-dev ## every check and every test
	@exec scripts/test.sh

check: ## lint, types and architecture only
	@scripts/setup.sh run dev
	@exec scripts/checks.sh all

ui: ## build the front end into web/ui/dist
	@scripts/setup.sh ui

lock: ## renew the Python locks from requirements*.in
	@exec scripts/lock.sh

licences: setup ## THIRD_PARTY_LICENSES.md; fails on a copyleft licence that nobody has looked at
	@exec .venv/bin/python scripts/licences.py --check --out THIRD_PARTY_LICENSES.md

clean: ## remove what the targets above made, but no data
	rm -rf .venv .setup build web/ui/dist web/ui/node_modules test-output *.egg-info
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache THIRD_PARTY_LICENSES.md
	find . -name __pycache__ -type d -not -path './.venv/*' -prune -exec rm -rf {} +
