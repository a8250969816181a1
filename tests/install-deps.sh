#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs what a bare Debian 12 or 13 lacks to build, run and test libqtap. Usage: install-deps.sh build|test|kernels|bench
# The mirror is the one that this machine's own apt sources name; no host is written down here.
set -eu

what=${1:-build}
export DEBIAN_FRONTEND=noninteractive

build_packages='g++ clang llvm ninja-build pkg-config libelf-dev zlib1g-dev libbrotli-dev libzstd-dev libssl-dev libcurl4-openssl-dev
  libfyaml-dev libre2-dev libsimdjson-dev libprotozero-dev libexpat1-dev libnghttp2-dev libpsl-dev publicsuffix libcapstone-dev doctest-dev python3'
run_packages='curl openssl ca-certificates'
test_packages="$run_packages nginx-light wget python3-pytest clang-format clang-tidy libclang-rt-dev git
  python3-websockets python3-grpcio nghttp2-client nghttp2-server python3-h2 nodejs node-ws zstd
  python3-botocore python3-hypercorn python3-wsproto ngtcp2-client ngtcp2-server protobuf-compiler python3-protobuf
  radosgw ceph-mon ceph-osd redis-server nats-server openssh-server bind9-dnsutils postgresql mariadb-server-core"
# The capturers that the benchmarks put beside libqtap; without them they are named as not runnable.
bench_packages='bpftrace bpfcc-tools linux-headers-'$(dpkg --print-architecture)
kernels_packages='qemu-system-x86 busybox-static debian-archive-keyring binutils'

codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
case "$codename" in
  bookworm) build_packages="$build_packages node-llhttp"; backports='libbpf-dev bpftool meson'
            [ "$what" = build ] || backports="$backports python3-opentelemetry-proto"
            test_packages="$test_packages clickhouse-server"  # not in later ones
            test_packages=$(echo "$test_packages" | sed 's/libclang-rt-dev/libclang-rt-14-dev/') ;;
  *) build_packages="$build_packages libllhttp-dev libbpf-dev bpftool meson"; backports=''; test_packages="$test_packages python3-opentelemetry-proto" ;;
esac

# Another source's nodejs brings its own npm, and refuses Debian's.
command -v npm >/dev/null || test_packages="$test_packages npm"

packages="$build_packages $run_packages"
case "$what" in test | kernels | bench) packages="$packages $test_packages" ;; esac
[ "$what" = kernels ] && packages="$packages $kernels_packages"
[ "$what" = bench ] && packages="$packages $bench_packages"

missing() {  # prints those of its arguments that are not installed
  for package in "$@"; do
    dpkg-query -W -f '${Status}\n' "$package" 2>/dev/null | grep -q '^install ok installed' || echo "$package"
  done
}

# apt needs root; a machine that has everything already does not.
as_root() {
  if [ "$(id -u)" -eq 0 ]; then "$@"; else sudo "$@"; fi
}

# What Debian does not have, as a lock file says: $1 its folder below tests/, $2 where to, $3 what is skipped without the
# registry.
npm_packages() {
  folder=$(dirname "$0")/../$2
  lock=$(dirname "$0")/$1/package-lock.json
  cmp -s "$lock" "$folder/installed" && return
  mkdir -p "$folder"
  cp "$(dirname "$lock")/package.json" "$lock" "$folder"
  # `npm ci` refuses a lock file without the packages for other machines, which a mirror may not have.
  npm_options='--ignore-scripts --no-audit --no-fund --fetch-retry-maxtimeout=10000'
  if (cd "$folder" && { npm ci $npm_options || npm install $npm_options; }); then
    cp "$lock" "$folder/installed"
  else
    echo "install-deps: npm ci failed: $3 will be skipped" >&2
  fi
}

finish() {
  case "$what" in test | kernels | bench)
    npm_packages conformance/npm build-npm 'the conformance tests with peers of npm'
    npm_packages e2e/npm build-npm-e2e 'the tests with a server of Azure blobs'
    npm_packages e2e/npm-chdb build-npm-chdb 'the tests of the tables of a current ClickHouse' ;;
  esac
  exit 0
}

need=$(missing $packages)
need_backports=$(missing $backports)
if [ -n "$backports" ] && ! dpkg --compare-versions "$(dpkg-query -W -f '${Version}' libbpf-dev 2>/dev/null)" ge '1:1.4'; then
  need_backports=$backports
fi
[ -z "$need$need_backports" ] && finish

if [ -n "$need_backports" ]; then
  # Either form of sources may be missing: awk fails then, and that is no failure here.
  mirror=$(awk '/^URIs:/{print $2; exit}' /etc/apt/sources.list.d/*.sources 2>/dev/null) || true
  [ -n "$mirror" ] || mirror=$(awk '/^deb /{for (i = 2; i <= NF; i++) if ($i ~ /:\/\//) {print $i; exit}}' \
    /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null) || true
  [ -n "$mirror" ] || { echo 'install-deps: no Debian mirror in /etc/apt; add one and run this again' >&2; exit 1; }
  as_root sh -c "echo 'deb $mirror $codename-backports main' > /etc/apt/sources.list.d/qtap-backports.list"
fi
as_root apt-get update -q
if [ -n "$need" ]; then as_root apt-get install -y -q --no-install-recommends $need; fi
if [ -n "$need_backports" ]; then
  as_root apt-get install -y -q --no-install-recommends -t "$codename-backports" $need_backports
fi
finish
