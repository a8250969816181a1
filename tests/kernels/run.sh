#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Boots stock kernels in QEMU and captures in each. Usage: tests/kernels/run.sh [--check] [BUILD [FOLDER]]
# BUILD (default build) is a finished build; FOLDER (default BUILD/kernels) keeps kernels and console logs, and a second
# run downloads nothing. Writes docs/kernels.md; with --check it compares instead. Each kernel gets one line that begins
# with "ok:", "FAILED:" or "skipped:". Exit code 0 only if none failed and at least one ran.
# QTAP_KERNELS: the series to boot, e.g. "6.1 newest".
set -u
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
check=''
if [ "${1:-}" = --check ]; then check=--check; shift; fi
build=$(realpath -m "${1:-$root/build}")
folder=$(realpath -m "${2:-$build/kernels}")
read -r -a wanted <<<"${QTAP_KERNELS:-5.10 6.1 6.12 newest}"
# A guest takes 15 to 60 s, beside compilers 110; one that takes this long hangs.
deadline_s=${QTAP_KERNEL_DEADLINE:-180}

skip_all() { echo "skipped: linux ${wanted[*]}: $*"; exit 1; }
[ "$(uname -m)" = x86_64 ] || skip_all "this machine is $(uname -m), the kernels are x86_64"
for program in qemu-system-x86_64 busybox curl openssl nginx dpkg-deb; do
  PATH=$PATH:/usr/sbin command -v "$program" >/dev/null || skip_all "$program is not installed (tests/install-deps.sh kernels)"
done
for file in examples/qtap-mini/qtap-mini libqtap.so.0 tests/kernels/loader; do
  [ -e "$build/$file" ] || skip_all "$build/$file is not built"
done

mkdir -p "$folder" || exit 1
"$here/fetch.sh" "$folder" "${wanted[@]}" >"$folder/fetched" || exit 1
grep '^skipped: ' "$folder/fetched" | tee "$folder/skipped"
"$here/image.sh" "$build" "$folder/initramfs" || { echo 'FAILED: image.sh made no initramfs'; exit 1; }

# no_timer_check: on a busy machine an emulated timer comes too late for the check, and 7.3 hangs.
# TCG: where /dev/kvm exists inside a virtual machine, stock kernels may hang in it. No network: no boot from it either.
boot() {
  timeout -k 5 "$deadline_s" qemu-system-x86_64 -M q35,accel=tcg -cpu max -m 1024 -smp 2 -nographic -nic none \
    -no-reboot -kernel "$1/vmlinuz" -initrd "$folder/initramfs" -append 'console=ttyS0 panic=-1 quiet no_timer_check' \
    </dev/null >"$1/console.log" 2>&1
}

# With two emulated CPUs a kernel that patches its own code sometimes dies of a stale breakpoint ("Oops: int3") before its
# first program runs. That says nothing of us: such a guest is booted again.
boot_until_init() {
  local try
  for try in 1 2 3; do
    boot "$1"
    grep -aq '@kernel ' "$1/console.log" && return
    echo "linux $(basename "$1") did not come to its first program (boot $try of 3): $(grep -a -m 1 -o 'Oops: .*\|Kernel panic.*' "$1/console.log")"
  done
}

# An emulated guest keeps about one core busy.
cores=$(nproc)
booted=()
while read -r _ series release; do
  [ "$(jobs -rp | wc -l)" -lt "$cores" ] || wait -n
  echo "booting linux $series: $release"
  boot_until_init "$folder/$series" &
  booted+=("$series")
done < <(grep '^kernel: ' "$folder/fetched")
wait
rm -f "$folder/initramfs"
[ ${#booted[@]} -gt 0 ] || { echo 'FAILED: there is no kernel to boot'; exit 1; }

PYTHONDONTWRITEBYTECODE=1 /usr/bin/python3 "$here/report.py" $check "$folder" "$root/docs/kernels.md" "${booted[@]}"
