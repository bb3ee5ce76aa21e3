#!/usr/bin/env bash
# Makes .venv with PyTorch (CPU is enough) and transformers, for oracle tests and benchmarks. Does nothing when it is whole.
# PYTHON names another interpreter than python3.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
wanted='torch==2.13.0 transformers==5.23.0'
stamp=.venv/installed

if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then exit 0; fi
rm -rf .venv
"${PYTHON:-python3}" -m venv .venv
# shellcheck disable=SC2086 # the words are separate requirements
timeout 900 .venv/bin/python -m pip install --quiet --disable-pip-version-check $wanted
.venv/bin/python -c 'import torch, transformers'
printf '%s' "$wanted" >"$stamp"
