# What text in PDFs is laid out with: WeasyPrint loads Pango from the system. Sourced by setup.sh.

PDF_PACKAGES=(libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0)

has_pdf_libraries() {
  local library loaded
  loaded=$(PATH="$PATH:/usr/sbin:/sbin" ldconfig -p)
  for library in libpango-1.0.so.0 libpangoft2-1.0.so.0 libharfbuzz-subset.so.0; do
    [[ "$loaded" == *"$library "* ]] || return 1
  done
}

pdf_libraries() {
  has_pdf_libraries && return 0
  if ! command -v apt-get >/dev/null || [[ $(id -u) != 0 ]]; then
    say "Pango is not installed: receipts and reports cannot be made as PDF (as root: apt-get install --no-install-recommends ${PDF_PACKAGES[*]})"
    return 0
  fi
  step pdf-libraries apt_install "${PDF_PACKAGES[@]}" ||
    say "Pango could not be installed: receipts and reports cannot be made as PDF"
}
