#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Installs, builds and runs every test. Usage: sudo ./tests/run.sh
# What is counted: each meson test (a doctest program is one), each pytest test. Tests that cannot run here are
# skipped and named. The last line is "N passed, N failed, N skipped"; exit code 0 only without a failure.
set -u
cd "$(dirname "$0")/.." || exit 1

give_up() {
  echo "tests/run.sh: $*" >&2
  echo '0 passed, 1 failed, 0 skipped'
  exit 1
}

./tests/install-deps.sh test || give_up 'tests/install-deps.sh failed'

build=$PWD/build
# Root built it; the owner of the folder should be able to build on.
trap '[ ! -d "$build" ] || chown -R --reference=. "$build"' EXIT
if [ ! -f "$build/build.ninja" ]; then
  meson setup "$build" -Dbpf=enabled -Dtests=true || give_up 'meson setup failed'
fi
meson compile -C "$build" || give_up 'the build failed'

results=$build/test-results
rm -rf "$results"
mkdir -p "$results"

meson test -C "$build" --no-rebuild --print-errorlogs
echo $? >"$results/meson.code"
cp "$build/meson-logs/testlog.json" "$results/meson.json"

# Not run by meson: pytest shows each of its tests by name.
for suite in bindings/python/tests tests/e2e tests/scoreboard; do
  name=$(echo "$suite" | tr / -)
  QTAP_BUILD_DIR=$build PYTHONPATH=bindings/python PYTHONDONTWRITEBYTECODE=1 \
    /usr/bin/python3 -m pytest -p no:cacheprovider -q -ra --junitxml="$results/$name.xml" "$suite" </dev/null
  echo $? >"$results/$name.code"
done

/usr/bin/python3 tests/count_results.py "$results"
