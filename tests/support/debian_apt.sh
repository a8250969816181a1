# SPDX-License-Identifier: Apache-2.0
# Sourced by bash: an apt of our own, to download packages of any Debian suite. The machine's sources, lists and pins stay
# as they are, and nothing is installed.
debian_keyring=/usr/share/keyrings/debian-archive-keyring.gpg

# The first mirror that this machine uses whose address ends in $1; no host is written down here.
debian_mirror() {
  {
    cat /etc/apt/sources.list.d/*.sources 2>/dev/null | awk '/^URIs:/ {for (i = 2; i <= NF; i++) print $i}'
    cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null |
      awk '/^deb / {for (i = 2; i <= NF; i++) if ($i ~ /:\/\//) {print $i; break}}'
  } | sed 's,/*$,,' | grep -m1 "$1\$"
}

# What stands in the way of an apt that reads suites of the mirror $1; nothing: nothing does.
debian_apt_problem() {
  [ -n "$1" ] || { echo "this machine's apt names no Debian mirror"; return; }
  [ -f "$debian_keyring" ] || echo "$debian_keyring is missing (package debian-archive-keyring)"
}

# One line of a sources.list: mirror, suite.
debian_source() {
  echo "deb [signed-by=$debian_keyring] $1 $2 main"
}

# Makes it in the folder $1, of the sources on stdin, for this shell and what it starts. Old and development suites are
# served with dates that have passed; the signature is still checked.
debian_apt() {
  mkdir -p "$1"/{lists/partial,archives/partial,etc} || return 1
  cat >"$1/sources.list"
  cat >"$1/apt.conf" <<CONF
Dir::Etc::sourcelist "$1/sources.list";
Dir::Etc::sourceparts "$1/etc";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "$1/etc";
Dir::State "$1";
Dir::State::lists "$1/lists";
Dir::State::status "/dev/null";
Dir::Cache "$1";
Dir::Cache::archives "$1/archives";
APT::Architecture "amd64";
APT::Architectures "amd64";
APT::Sandbox::User "root";
Acquire::Check-Valid-Until "false";
Acquire::Languages "none";
Acquire::Retries "2";
CONF
  export APT_CONFIG=$1/apt.conf
}
