#!/usr/bin/env bash
# All checks, then all Python and browser tests. A failed check does not hide the tests, it only fails the whole;
# pytest comes last and alone, because some of its tests measure.
set -uo pipefail
cd "$(dirname "$0")/.."
mkdir -p test-output
failed=0
scripts/checks.sh ui >test-output/checks-ui.log 2>&1 & ui_pid=$!
scripts/checks.sh python || failed=1
wait "$ui_pid" || failed=1
cat test-output/checks-ui.log
[[ $failed == 0 ]] || echo "[test] a check failed (above); the tests still run"
.venv/bin/python -m pytest tests "$@" || failed=1
exit "$failed"
