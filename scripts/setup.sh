#!/usr/bin/env bash
# Sets the tree up: `setup.sh run [dev] [browsers]` or `setup.sh ui`.
# Each step leaves a stamp with the digest of its inputs and is skipped while they are unchanged, so that a second start
# costs milliseconds. A failed step leaves no stamp and is simply done again.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/steps.sh
source scripts/steps.sh
# shellcheck source=scripts/python_env.sh
source scripts/python_env.sh
# shellcheck source=scripts/front_end.sh
source scripts/front_end.sh
# shellcheck source=scripts/browsers.sh
source scripts/browsers.sh
# shellcheck source=scripts/pdf_libraries.sh
source scripts/pdf_libraries.sh

lock_tree
wants() { [[ " $WANTED " == *" $1 "* ]]; }
WANTED="$*"

if [[ "${1:-}" == ui ]]; then
  front_end
  exit 0
fi

front_end & front_end_pid=$!
failed=0
if wants browsers; then browsers || failed=1; fi
pdf_libraries
python_runtime || failed=1
if wants dev && [[ $failed == 0 ]]; then python_dev || failed=1; fi
wait "$front_end_pid" || failed=1
[[ $failed == 0 ]] || { say "set-up failed, see above"; exit 1; }
licence_list
