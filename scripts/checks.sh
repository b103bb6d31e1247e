#!/usr/bin/env bash
# Lint, types and architecture: `checks.sh python`, `checks.sh ui` or `checks.sh all`. Runs all of them and says which failed.
set -uo pipefail
cd "$(dirname "$0")/.."
failed=()

run() {
  local name=$1 began=$SECONDS; shift
  if output=$("$@" 2>&1); then printf '[check] %s: ok (%d s)\n' "$name" $((SECONDS - began)); return; fi
  printf '[check] %s: FAILED\n%s\n' "$name" "$output"
  failed+=("$name")
}

in_ui() { (cd web/ui && "$@"); }

if [[ ${1:-all} != ui ]]; then
  run ruff .venv/bin/ruff check .
  run mypy .venv/bin/mypy
  run import-linter .venv/bin/lint-imports
  run licences .venv/bin/python scripts/licences.py --check
fi
if [[ ${1:-all} != python ]]; then
  run vue-tsc in_ui npm run --silent types
  run eslint in_ui npm run --silent lint
  run vitest in_ui npm run --silent test
fi
[[ ${#failed[@]} == 0 ]] || { printf '[check] failed: %s\n' "${failed[*]}"; exit 1; }
