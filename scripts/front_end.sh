# The pages in web/ui. Sourced by setup.sh.

check_node() {
  command -v node >/dev/null && command -v npm >/dev/null || fail "Node 20 with npm is needed" || return 1
  node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
    fail "Node 20.19 or newer is needed, this is $(node --version)"
}

# NODE_ENV=production would leave out the build tools themselves.
npm_ci() { cd web/ui && NODE_ENV=development npm ci --include=dev --no-audit --no-fund --no-progress; }

vite_build() { cd web/ui && NODE_ENV=production npm run --silent build; }

ui_sources() {
  find web/ui/src web/ui/public -type f ! -name '*.test.ts' 2>/dev/null | LC_ALL=C sort
  printf '%s\n' web/ui/index.html web/ui/vite.config.ts web/ui/package-lock.json web/ui/package.json
}

front_end() {
  local want sources=()
  check_node || return 1
  want=$(digest web/ui/package-lock.json web/ui/package.json)
  if ! fresh web/ui/node_modules/.stamp "$want"; then
    step npm-packages npm_ci || return 1
    echo "$want" >web/ui/node_modules/.stamp
  fi
  while IFS= read -r file; do sources+=("$file"); done < <(ui_sources)
  want=$(digest "${sources[@]}")
  [[ -f web/ui/dist/index.html ]] && fresh web/ui/node_modules/.stamp-build "$want" && return 0
  step front-end vite_build || return 1
  echo "$want" >web/ui/node_modules/.stamp-build
}
