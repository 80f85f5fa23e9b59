# SPDX-License-Identifier: Apache-2.0
# What the scripts beside this file share; sourced by them, of no use alone.
# shellcheck shell=bash
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
# shellcheck disable=SC2034  # read by those who source this
actor_node=${ACTOR_NODE:-$root/build/release/bin/actor-node}

die() {
  printf '%s: %s\n' "${0##*/}" "$1" >&2
  exit 1
}

# For a command line that is not understood.
die_usage() {
  printf '%s: %s\n' "${0##*/}" "$1" >&2
  exit 2
}

# Prints the comment at the head of the script: its help, written once.
show_help() {
  sed -n '/^#!/d; /^# SPDX/d; /^#/!q; s/^# \{0,1\}//p' "$0"
  exit 0
}

is_number() { [[ $1 =~ ^[0-9]{1,5}$ ]]; }

# needs_value --option VALUE...
needs_value() { [[ -n ${2-} ]] || die_usage "$1 needs a value (--help explains)"; }
