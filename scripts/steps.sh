# Progress, stamps and the lock of the set-up. Sourced, never run.

say() { printf '[setup %3ds] %s\n' "$SECONDS" "$*" >&2; }

fail() { say "$*"; return 1; }

# Two set-ups in one tree would write into each other's packages; the second waits and then finds everything done.
lock_tree() {
  mkdir -p .setup
  command -v flock >/dev/null || return 0
  exec 9>.setup/lock
  flock -n 9 || { say "waiting for another set-up in this tree"; flock 9; }
}

# digest FILE...: one digest over names and bytes; missing files count as empty.
digest() {
  { printf '%s\n' "$@"; cat -- "$@" 2>/dev/null || true; } | sha256 | cut -c1-64
}

sha256() { if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi; }

fresh() { [[ -f "$1" && "$(cat "$1")" == "$2" ]]; }

# step NAME COMMAND...: run it with its output in .setup/NAME.log, tell every ten seconds that it lives, show the log when it fails.
step() {
  local name=$1 log=".setup/$1.log" began=$SECONDS pid; shift
  say "$name ..."
  "$@" >"$log" 2>&1 </dev/null 9>&- & pid=$!
  while kill -0 "$pid" 2>/dev/null; do
    sleep 0.2
    if (( SECONDS > began && (SECONDS - began) % 10 == 0 )); then say "$name ... $((SECONDS - began)) s"; sleep 1; fi
  done
  if wait "$pid"; then say "$name: done in $((SECONDS - began)) s"; return 0; fi
  say "$name FAILED; the end of $log:"
  tail -n 30 "$log" >&2
  return 1
}
