# The virtual environment. Sourced by setup.sh.

# The first Python 3.11 that can make virtual environments.
find_python() {
  local candidate
  for candidate in python3.11 python3 python "$HOME"/.pyenv/versions/3.11*/bin/python3.11; do
    if "$candidate" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null; then
      echo "$candidate"; return 0
    fi
  done
  return 1
}

# Debian cuts venv out of Python; as root we put it back, otherwise we say what to do.
install_debian_venv() {
  command -v apt-get >/dev/null && command -v python3.11 >/dev/null && [[ $(id -u) == 0 ]] || return 1
  step debian-venv bash -c 'apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends python3.11-venv'
}

make_venv() {
  local python
  # Scripts in it carry absolute paths: a moved tree needs a new one.
  if .venv/bin/python -c '' 2>/dev/null && grep -qF "$PWD/.venv" .venv/bin/activate; then return 0; fi
  python=$(find_python) || { install_debian_venv && python=$(find_python); } ||
    fail "Python 3.11 with venv is needed (Debian: apt-get install python3.11 python3.11-venv)" || return 1
  step venv "$python" -m venv --clear .venv
}

pip_install() { .venv/bin/python -m pip install --disable-pip-version-check --no-input --root-user-action=ignore "$@"; }

install_runtime() {
  pip_install --require-hashes -r requirements.txt &&
    pip_install --require-hashes --no-deps -r requirements-footage.txt &&
    pip_install --no-deps --no-build-isolation --config-settings editable_mode=compat -e .
}

python_runtime() {
  local want stamp=.venv/.stamp-runtime
  make_venv || return 1
  want=$(digest requirements.txt requirements-footage.txt pyproject.toml)
  fresh "$stamp" "$want" && return 0
  step python-packages install_runtime || return 1
  echo "$want" >"$stamp"
}

python_dev() {
  local want stamp=.venv/.stamp-dev
  want=$(digest requirements.txt requirements-dev.txt)
  fresh "$stamp" "$want" && return 0
  step python-test-packages pip_install --require-hashes -r requirements-dev.txt || return 1
  echo "$want" >"$stamp"
}

# The list that goes with what was installed; web/ui/dist is served, so people who only have the page can read it too.
licence_list() {
  local want stamp=.setup/licences
  want=$(digest requirements.txt requirements-footage.txt web/ui/package-lock.json scripts/licences.py)
  [[ -f web/ui/dist/third-party-licenses.txt && -f THIRD_PARTY_LICENSES.md ]] && fresh "$stamp" "$want" && return 0
  step licences .venv/bin/python scripts/licences.py --out THIRD_PARTY_LICENSES.md --out web/ui/dist/third-party-licenses.txt || return 1
  echo "$want" >"$stamp"
}
