#!/usr/bin/env bash
# Installs turbo into .peers, for tests and benches that run it beside; does nothing when it is there. It is no dependency of
# ours because its lock file entries would name packages for systems that not every registry carries.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
wanted='turbo@2.11.11'
stamp=.peers/installed

if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then exit 0; fi
rm -rf .peers
mkdir .peers
printf '{"private": true}\n' >.peers/package.json
npm install --prefix .peers --no-audit --no-fund --no-save --no-package-lock "$wanted"
printf '%s' "$wanted" >"$stamp"
