#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Unpacks the openssl of another Debian suite, with the C library it needs, into a folder to chroot to; installs nothing.
# Usage: other_openssl.sh FOLDER SUITE PACKAGE... Exit code 0: FOLDER/usr/bin/openssl runs; else the last line says why not.
set -u
folder=$1 suite=$2
shift 2
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# The mirror that this machine uses; no host is written down here.
mirror=$({
  cat /etc/apt/sources.list.d/*.sources 2>/dev/null | awk '/^URIs:/ {for (i = 2; i <= NF; i++) print $i}'
  cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
    awk '/^deb / {for (i = 2; i <= NF; i++) if ($i ~ /:\/\//) {print $i; break}}'
} | sed 's,/*$,,' | grep -m1 '/debian$')
[ -n "$mirror" ] || { echo "this machine's apt names no Debian mirror"; exit 1; }
[ -f "$keyring" ] || { echo "$keyring is missing (package debian-archive-keyring)"; exit 1; }

# An apt of our own: the machine's sources, lists and pins stay as they are. Dates of old suites have passed; the
# signature is still checked.
apt=$folder/apt
mkdir -p "$apt"/{lists/partial,archives/partial,etc} "$folder"/{tmp,dev} || exit 1
echo "deb [signed-by=$keyring] $mirror $suite main" >"$apt/sources.list"
cat >"$apt/apt.conf" <<CONF
Dir::Etc::sourcelist "$apt/sources.list";
Dir::Etc::sourceparts "$apt/etc";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "$apt/etc";
Dir::State "$apt";
Dir::State::lists "$apt/lists";
Dir::State::status "/dev/null";
Dir::Cache "$apt";
Dir::Cache::archives "$apt/archives";
APT::Architecture "amd64";
APT::Architectures "amd64";
APT::Sandbox::User "root";
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
Acquire::Retries "2";
CONF
export APT_CONFIG=$apt/apt.conf
apt-get update -q >"$apt/update.log" 2>&1 || { echo "suite $suite cannot be had"; exit 1; }
(cd "$apt" && apt-get download -q "$@" >download.log 2>&1) || { echo "$* of $suite cannot be downloaded"; exit 1; }
for package in "$apt"/*.deb; do
  dpkg-deb -x "$package" "$folder" || { echo "$package cannot be unpacked"; exit 1; }
done
# Where the loader is looked for, in suites whose packages leave that to base-files.
[ -e "$folder/lib64" ] || ln -s usr/lib64 "$folder/lib64"
[ -e "$folder/lib" ] || ln -s usr/lib "$folder/lib"
rm -rf "$apt"
chroot "$folder" /usr/bin/openssl version || { echo "openssl of $suite does not run here"; exit 1; }
