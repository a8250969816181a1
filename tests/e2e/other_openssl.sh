#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Unpacks the openssl of another Debian suite, with the C library it needs, into a folder to chroot to; installs nothing.
# Usage: other_openssl.sh FOLDER SUITE PACKAGE... Exit code 0: FOLDER/usr/bin/openssl runs; else the last line says why not.
set -u
folder=$1 suite=$2
shift 2
. "$(dirname "$0")/../support/debian_apt.sh"

mirror=$(debian_mirror /debian)
problem=$(debian_apt_problem "$mirror")
[ -z "$problem" ] || { echo "$problem"; exit 1; }
apt=$folder/apt
mkdir -p "$folder"/{tmp,dev} && debian_apt "$apt" < <(debian_source "$mirror" "$suite") || exit 1
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
