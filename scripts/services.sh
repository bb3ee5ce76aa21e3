#!/usr/bin/env bash
# Brings up what tests of executors need: a Slurm cluster, SSH hosts and containers on this machine, from ../shared/rigs.
#   eval "$(bash scripts/services.sh)"       all of them; or by name: services.sh slurm ssh podman
# Prints `export NAME=value` lines alone on stdout. What cannot be had here is said on stderr and gone without (exit 0): the
# tests that need it skip themselves. Safe to call again; what runs already is left as it is.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
rigs=../shared/rigs

say() { printf 'services: %s\n' "$*" >&2; }

for wanted in "$@"; do
  case $wanted in slurm | ssh | podman) ;; *)
    say "there is no service \"$wanted\": slurm, ssh or podman"
    exit 2
    ;;
  esac
done
[ $# -gt 0 ] || set -- slurm ssh podman
if [ ! -d "$rigs" ]; then
  say "SKIPPED $*: $rigs is not there"
  exit 0
fi
if [ "$(id -u)" != 0 ]; then
  say "SKIPPED $*: only root can start them"
  exit 0
fi

# up NAME SCRIPT: one rig, with what it says shown only if it fails.
up() {
  local exports words
  words=$(mktemp)
  if exports=$(timeout 300 bash "$rigs/$2" 2>"$words" </dev/null); then
    printf '%s\n' "$exports"
    tail -n 1 "$words" >&2
  else
    say "SKIPPED $1: $rigs/$2 failed:"
    tail -n 5 "$words" >&2
  fi
  rm -f "$words"
}

for service in "$@"; do
  case $service in
    slurm)
      # With accounting, unless a cluster without it is there: its settings are kept.
      [ -f "${SLURM_RIG_DIR:-/tmp/slurm-rig}/rig.env" ] || export SLURM_RIG_DBD=${SLURM_RIG_DBD:-1}
      up slurm slurm-up.sh
      ;;
    ssh) up ssh sshd-up.sh ;;
    podman) up podman podman-up.sh ;;
  esac
done
