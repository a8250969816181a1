#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# From a fresh clone to a decrypted HTTPS request: installs what Debian lacks, builds, starts qtap-mini, lets curl
# talk to a local TLS server, and shows what was captured. Usage: sudo ./examples/quickstart.sh
# Everything it starts is stopped again; exit code 0 only when the request was captured.
set -euo pipefail
[ "$(id -u)" -eq 0 ] || exec sudo "$0" "$@"
cd "$(dirname "$0")/.."

work=$(mktemp -d)
agent='' server=''

stop() {  # ends one process that was started here and waits for it
  [ -z "$1" ] || kill "$1" 2>/dev/null || true
  [ -z "$1" ] || wait "$1" 2>/dev/null || true
}

clean_up() {
  stop "$agent"
  stop "$server"
  rm -rf "$work"
  [ ! -d build ] || chown -R --reference=. build  # root built it; the folder's owner should be able to
}
trap clean_up EXIT
trap 'exit 130' INT TERM

fail() {
  echo "quickstart: $*" >&2
  exit 1
}

# Reads lines from descriptor $1 until one begins with $2, and prints that one.
wait_for_line() {
  local line
  while IFS= read -r -t 60 -u "$1" line; do
    case "$line" in
      "$2"*) echo "$line"; return 0 ;;
      *) echo "$line" >&2 ;;
    esac
  done
  return 1
}

echo '== 1. install and build'
./tests/install-deps.sh build
[ -f build/build.ninja ] || meson setup build -Dbpf=enabled
meson compile -C build qtap-mini

echo '== 2. a TLS server with a throw-away certificate'
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 -subj /CN=localhost \
  -addext subjectAltName=DNS:localhost -keyout "$work/key.pem" -out "$work/cert.pem" 2>/dev/null
# Port 0: the kernel picks a free one, and s_server prints it.
exec {server_out}< <(exec openssl s_server -accept 127.0.0.1:0 -www -cert "$work/cert.pem" -key "$work/key.pem" 2>&1)
server=$!
accept=$(wait_for_line "$server_out" 'ACCEPT ') || fail 'openssl s_server did not start'
port=${accept##*:}
echo "openssl s_server (pid $server) listens on port $port"

echo '== 3. qtap-mini --all'
exec {agent_err}< <(exec ./build/examples/qtap-mini/qtap-mini --all 2>&1 >"$work/lines")
agent=$!
wait_for_line "$agent_err" 'ready:' || fail 'qtap-mini did not get ready; see its message above'

echo "== 4. curl https://localhost:$port/quickstart"
curl --silent --show-error --max-time 20 --noproxy '*' --cacert "$work/cert.pem" --resolve "localhost:$port:127.0.0.1" \
  --output /dev/null "https://localhost:$port/quickstart"

echo '== 5. what was captured'
kill "$agent"  # it delivers what the kernel has already handed over before it ends
cat <&"$agent_err"
wait "$agent" || fail "qtap-mini ended with code $?"
agent=''
echo
grep -F "https://localhost:$port/quickstart" "$work/lines" || fail 'the request was not captured; see docs/debugging.md'
echo
echo 'Now yourself:  sudo ./build/examples/qtap-mini/qtap-mini --all -v'
