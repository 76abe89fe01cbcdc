# Shared by the verbs: installs what is missing, configures and builds a preset. Sourced, not run.

say() { printf '%s\n' "$*" >&2; }

# install FILE...: Debian packages listed in the files, one a line; only what is missing.
install_packages() {
  local wanted missing=()
  wanted=$(sed 's/#.*//' "$@" | tr -s ' \n' '\n')
  local have
  have=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' 2>/dev/null | sed -n 's/^ii  *//p')
  for package in $wanted; do
    grep -qx "$package" <<<"$have" || missing+=("$package")
  done
  [ ${#missing[@]} -eq 0 ] && return 0
  say "installing: ${missing[*]}"
  local root=()
  [ "$(id -u)" -eq 0 ] || root=(sudo)
  if ! command -v apt-get >/dev/null; then
    say "error: these Debian packages are missing and there is no apt-get: ${missing[*]}"
    exit 1
  fi
  "${root[@]}" apt-get update -qq || true
  DEBIAN_FRONTEND=noninteractive "${root[@]}" apt-get install -y -qq --no-install-recommends \
    "${missing[@]}" >/dev/null || { say "error: could not install: ${missing[*]}"; exit 1; }
}

# Settings that make ccache hit across checkouts, with a precompiled header.
export CCACHE_BASEDIR=$PWD
export CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime
export CCACHE_COMPILERCHECK=content
export CCACHE_NOHASHDIR=1

# build PRESET TARGET...: configures when needed, then builds.
build() {
  local preset=$1
  shift
  install_packages tools/packages.txt
  if [ ! -f "build/$preset/build.ninja" ]; then
    mkdir -p "build/$preset"
    cmake --preset "$preset" >"build/$preset/configure.log" 2>&1 ||
      { cat "build/$preset/configure.log" >&2; exit 1; }
  fi
  cmake --build "build/$preset" --target "${@:-all}" >&2
}
