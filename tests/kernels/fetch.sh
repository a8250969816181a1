#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Fetches stock Debian kernels without installing anything. Usage: fetch.sh FOLDER SERIES...
# SERIES is a version prefix such as 5.10, or "newest". For each one FOLDER/SERIES gets vmlinuz and release, and one
# line is printed: "kernel: SERIES RELEASE", or "skipped: linux SERIES: REASON". What is there is not fetched again;
# remove FOLDER to look for newer ones. Exit code 0 unless FOLDER cannot be written.
set -u

. "$(dirname "$0")/../support/debian_apt.sh"

folder=$1
shift
mkdir -p "$folder" && folder=$(cd "$folder" && pwd) || exit 1

# All suites that may hold one of them; stable ones get their kernels from security.
suites='bullseye bookworm trixie trixie-backports sid experimental'
security_suites='bullseye-security bookworm-security trixie-security'

# Sets apt_problem when no packages can be looked up.
prepare_apt() {
  local main security suite
  [ -z "${apt_ready:-}" ] || return 0
  apt_ready=yes
  main=$(debian_mirror /debian)
  security=$(debian_mirror debian-security)
  apt_problem=$(debian_apt_problem "$main")
  [ -z "$apt_problem" ] || return 1
  debian_apt "$folder/apt" < <(
    for suite in $suites; do debian_source "$main" "$suite"; done
    [ -z "$security" ] || for suite in $security_suites; do debian_source "$security" "$suite"; done
  ) || return 1
  # A suite that is not there costs only its own kernels; they are then named as skipped.
  apt-get update -q >"$folder/apt/update.log" 2>&1 || true
  [ -n "$(apt-cache pkgnames linux-image- 2>/dev/null)" ] ||
    { apt_problem="apt-get update found no packages, see $folder/apt/update.log"; return 1; }
}

# Package names of the series, best first. ABI names change with every point release, so they are looked up. Signed
# kernels of newer suites are empty and depend on linux-binary-*, which therefore comes first.
candidates() {
  local prefix
  prefix=$([ "$1" = newest ] && echo '[0-9]' || echo "${1//./\\.}[.]")
  apt-cache pkgnames linux- | sed -nE "s/^linux-(binary|image)-($prefix.*-cloud-amd64)\$/\2 \1/p" |
    sort -k1,1Vr -k2,2 | sed -E 's/(.*) (.*)/linux-\2-\1/'
}

# Downloads and unpacks one package; sets problem when it holds no kernel.
fetch_package() {
  local package=$1 series=$2 work=$folder/.unpack image
  rm -rf "$work"
  mkdir -p "$work/root"
  problem="$package cannot be downloaded"
  (cd "$work" && apt-get download -q "$package") >>"$folder/apt/download.log" 2>&1 || return 1
  problem="$package cannot be unpacked"
  dpkg-deb -x "$work"/*.deb "$work/root" || return 1
  problem="$package holds no kernel image"
  image=$(find "$work/root" -type f -name 'vmlinuz*' | head -n 1)
  [ -n "$image" ] || return 1
  mkdir -p "$folder/$series"
  mv "$image" "$folder/$series/vmlinuz"
  # Written last: it marks the kernel as complete.
  echo "${package#linux-*-}" >"$folder/$series/release"
}

fetch() {
  local series=$1 package tried=0
  problem='no suite has such a kernel'
  while read -r package; do
    # A mirror may have dropped the newest file already; a few older ones are as good.
    [ $((tried += 1)) -le 4 ] || break
    ! fetch_package "$package" "$series" || return 0
  done < <(candidates "$series")
  return 1
}

for series in "$@"; do
  if [ ! -f "$folder/$series/release" ]; then
    if prepare_apt && [ -z "${apt_problem:-}" ]; then
      fetch "$series" || { echo "skipped: linux $series: $problem"; continue; }
    else
      echo "skipped: linux $series: ${apt_problem:-apt cannot be used}"
      continue
    fi
  fi
  echo "kernel: $series $(cat "$folder/$series/release")"
done
rm -rf "$folder/.unpack" "$folder/apt/archives" "$folder/apt/lists"
