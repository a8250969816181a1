#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Fetches stock Debian kernels without installing anything. Usage: fetch.sh FOLDER SERIES...
# SERIES is a version prefix such as 5.10, or "newest". For each one FOLDER/SERIES gets vmlinuz and release, and one
# line is printed: "kernel: SERIES RELEASE", or "skipped: linux SERIES: REASON". What is there is not fetched again;
# remove FOLDER to look for newer ones. Exit code 0 unless FOLDER cannot be written.
set -u

folder=$1
shift
mkdir -p "$folder" && folder=$(cd "$folder" && pwd) || exit 1

# All suites that may hold one of them; stable ones get their kernels from security.
suites='bullseye bookworm trixie trixie-backports sid experimental'
security_suites='bullseye-security bookworm-security trixie-security'

# The mirrors that this machine uses, one URI per line; no host is written down here.
machine_mirrors() {
  cat /etc/apt/sources.list.d/*.sources 2>/dev/null | awk '/^URIs:/ {for (i = 2; i <= NF; i++) print $i}'
  cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
    awk '/^deb / {for (i = 2; i <= NF; i++) if ($i ~ /:\/\//) {print $i; break}}'
}

# An apt of our own: the machine's sources, lists and pins stay as they are. Sets apt_problem when it cannot be used.
prepare_apt() {
  local mirrors main security keyring=/usr/share/keyrings/debian-archive-keyring.gpg suite
  [ -z "${apt_ready:-}" ] || return 0
  apt_ready=yes
  mirrors=$(machine_mirrors | sed 's,/*$,,')
  main=$(grep -m1 '/debian$' <<<"$mirrors")
  security=$(grep -m1 'debian-security$' <<<"$mirrors")
  [ -n "$main" ] || { apt_problem="this machine's apt names no Debian mirror"; return 1; }
  [ -f "$keyring" ] || { apt_problem="$keyring is missing (package debian-archive-keyring)"; return 1; }
  mkdir -p "$folder"/apt/{lists/partial,archives/partial,etc}
  {
    for suite in $suites; do echo "deb [signed-by=$keyring] $main $suite main"; done
    [ -z "$security" ] ||
      for suite in $security_suites; do echo "deb [signed-by=$keyring] $security $suite main"; done
  } >"$folder/apt/sources.list"
  # Old and development suites are served with dates that have passed; the signature is still checked.
  cat >"$folder/apt/apt.conf" <<CONF
Dir::Etc::sourcelist "$folder/apt/sources.list";
Dir::Etc::sourceparts "$folder/apt/etc";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "$folder/apt/etc";
Dir::State "$folder/apt";
Dir::State::lists "$folder/apt/lists";
Dir::State::status "/dev/null";
Dir::Cache "$folder/apt";
Dir::Cache::archives "$folder/apt/archives";
APT::Architecture "amd64";
APT::Architectures "amd64";
APT::Sandbox::User "root";
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
Acquire::Retries "2";
CONF
  export APT_CONFIG=$folder/apt/apt.conf
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
