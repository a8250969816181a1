#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Makes the initramfs that all kernels boot. Usage: image.sh BUILD FILE. It holds busybox, this build's qtap-mini and
# loader, curl, nginx, the libraries of these programs, and nothing of the kernel: no module is needed for loopback.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
build=$1 file=$(realpath "$2")
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

mkdir -p "$root"/{bin,dev,etc,proc,qtap/www,sys,tmp,usr/bin,usr/sbin,var}
cp "$(command -v busybox)" "$root/bin/busybox"
for applet in $(busybox --list); do
  [ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"
done
# Without debug information a tenth is left to load.
copy_stripped() { strip --strip-unneeded -o "$2" "$1" 2>/dev/null || cp "$1" "$2"; }
copy_stripped "$build/examples/qtap-mini/qtap-mini" "$root/qtap/qtap-mini"
copy_stripped "$build/tests/kernels/loader" "$root/qtap/loader"
copy_stripped "$build/libqtap.so.0" "$root/qtap/libqtap.so.0"
chmod 755 "$root/qtap/qtap-mini" "$root/qtap/loader"
nginx=$(PATH=$PATH:/usr/sbin command -v nginx)
cp "$(command -v curl)" "$root/usr/bin/curl"
cp "$nginx" "$root/usr/sbin/nginx"

# Each library at its own path, as the dynamic linker and libqtap's search will look for it.
for program in "$build/examples/qtap-mini/qtap-mini" "$build/libqtap.so.0" "$build/tests/kernels/loader" \
  "$root/usr/bin/curl" "$nginx"; do
  ldd "$program" | grep -oE '/[^ ]+' | grep -v libqtap || true
done | sort -u | while read -r library; do
  mkdir -p "$root$(dirname "$library")"
  cp -L "$library" "$root$library"
done

cp "$here/init" "$root/init"
cp "$here/nginx.conf" "$root/qtap/nginx.conf"
chmod 755 "$root/init"
printf 'root:x:0:0:root:/:/bin/sh\n' >"$root/etc/passwd"
printf 'root:x:0:\nnogroup:x:65534:\n' >"$root/etc/group"
printf '127.0.0.1 localhost\n' >"$root/etc/hosts"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
  -addext subjectAltName=DNS:localhost -keyout "$root/qtap/key.pem" -out "$root/qtap/cert.pem" 2>/dev/null
# Sizes that are no multiple of anything; letters and digits, random so that a swapped piece shows.
{ head -c 225005 /dev/urandom | base64 -w 0; echo; } >"$root/qtap/www/answer"
{ head -c 112505 /dev/urandom | base64 -w 0; echo; } >"$root/qtap/www/question"
echo small >"$root/qtap/www/small"
sha256sum "$root/qtap/www/answer" "$root/qtap/www/question" | awk '{n = split($1 "/" $2, p, "/"); print p[n], p[1]}' \
  >"$file.digests"
# Not compressed: unpacking takes an emulated processor longer than loading it.
(cd "$root" && find . | busybox cpio -o -H newc 2>/dev/null) >"$file"
