# What the browser tests need from Debian: Chromium, Firefox ESR, a Chinese font, coturn, Janus. Sourced by setup.sh.

missing_packages() {
  command -v chromium >/dev/null || command -v chromium-browser >/dev/null || echo chromium
  command -v firefox-esr >/dev/null || command -v firefox >/dev/null || echo firefox-esr
  # Without one, screenshots show boxes instead of Chinese.
  has_chinese_font || echo fonts-noto-cjk
}

has_chinese_font() {
  if command -v fc-list >/dev/null && [[ -n "$(fc-list :lang=zh-cn family)" ]]; then return 0; fi
  compgen -G '/usr/share/fonts/*/*/*CJK*' >/dev/null
}

apt_install() {
  export DEBIAN_FRONTEND=noninteractive
  # An index that cannot be reached is no reason to stop while another one has the packages.
  apt-get update || true
  apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$@"
}

# optional_server PACKAGE COMMAND WHAT: for tests and benches that are skipped without it. As a service it must not run: it
# would listen with Debian's defaults.
optional_server() {
  local package=$1 command=$2 what=$3
  if command -v "$command" >/dev/null; then return 0; fi
  if ! command -v apt-get >/dev/null || [[ $(id -u) != 0 ]]; then
    say "$package is not installed: $what skipped (as root: apt-get install --no-install-recommends $package)"
    return 0
  fi
  step "$package" apt_install "$package" || { say "$package could not be installed: $what skipped"; return 0; }
  if command -v systemctl >/dev/null; then systemctl disable --now "$package" >/dev/null 2>&1 || true; fi
}

browsers() {
  local missing
  optional_server coturn turnserver "tests of TURN are"
  optional_server janus janus "the comparison with Janus is"
  missing=$(missing_packages | tr '\n' ' ')
  [[ -n "${missing// /}" ]] || return 0
  command -v apt-get >/dev/null || fail "please install: $missing(no apt-get here)" || return 1
  [[ $(id -u) == 0 ]] || fail "please install as root: apt-get install --no-install-recommends $missing" || return 1
  # shellcheck disable=SC2086
  step debian-packages apt_install $missing
}
