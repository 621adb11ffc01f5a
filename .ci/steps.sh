# Functions for the scripts beside this file, which source it. It changes to the root of
# the repository.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

# PARLEY_CACHE is the folder for built programs.
export PARLEY_CACHE=${PARLEY_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/parley}

script=$(basename "$0")
current=''
started=0

# step NAME ends the previous step and starts one. An empty NAME only ends the previous step.
step() {
  if [[ -n $current ]]; then
    echo "--- $current: $((SECONDS - started)) s"
  fi
  current=$1
  started=$SECONDS
  if [[ -n $current ]]; then
    printf '\n=== %s\n' "$current"
  fi
}

# finish prints the name of the step that failed.
finish() {
  local status=$?
  if ((status != 0)); then
    printf '\n%s: FAILED in step "%s" (status %d) after %d s\n' "$script" "$current" "$status" "$SECONDS"
  fi
  exit "$status"
}
trap finish EXIT

# in_each COMMAND... runs a command in the root of each module.
in_each() {
  local module
  for module in . internal/interop internal/tools; do
    echo "$module: $*"
    (cd "$module" && "$@")
  done
}

# install PACKAGE... installs the Debian packages that are missing.
install() {
  if ! command -v dpkg-query >/dev/null; then
    echo "this is not a Debian system; the following must be installed already: $*"
    return
  fi
  local package missing=()
  for package in "$@"; do
    if [[ $(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null) != installed ]]; then
      missing+=("$package")
    fi
  done
  if ((${#missing[@]} == 0)); then
    echo "installed: $*"
    return
  fi
  local sudo=()
  if ((EUID != 0)); then
    sudo=(sudo)
  fi
  "${sudo[@]}" apt-get update -q
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
}

# install_node installs Node.js and npm, unless both exist. A Node.js from another source
# has its own npm, and conflicts with Debian's.
install_node() {
  if command -v node >/dev/null && command -v npm >/dev/null; then
    echo "installed: node $(node --version), npm $(npm --version 2>/dev/null)"
    return
  fi
  install nodejs npm
}
