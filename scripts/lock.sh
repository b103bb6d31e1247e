#!/usr/bin/env bash
# Renews the hash-locked files from requirements*.in. The locks name versions and digests, never where they come from.
# Give UPGRADE=1 to move to newer versions; otherwise only what changed in the .in files moves.
set -euo pipefail
cd "$(dirname "$0")/.."
tools=$(mktemp -d)
trap 'rm -rf "$tools"' EXIT
.venv/bin/python -m venv "$tools"
"$tools/bin/pip" install --quiet --disable-pip-version-check pip-tools

compile() {
  "$tools/bin/pip-compile" --quiet --generate-hashes --allow-unsafe --strip-extras --no-header ${UPGRADE:+--upgrade} \
    --no-emit-index-url --no-emit-trusted-host --no-emit-find-links -o "$1.txt" "$1.in"
}

compile requirements
compile requirements-dev
echo "requirements-footage.txt holds one pinned package and is edited by hand."
