#!/usr/bin/env bash
# Makes a Python environment for oracle tests and benchmarks; does nothing when it is whole. PYTHON names another interpreter.
#   python-env.sh [torch]   .venv with PyTorch (CPU is enough) and transformers
#   python-env.sh dvc       .venv-dvc with DVC
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
case "${1:-torch}" in
  torch) folder=.venv wanted='torch==2.13.0 transformers==5.23.0' modules='torch, transformers' ;;
  dvc) folder=.venv-dvc wanted='dvc==3.67.1' modules='dvc' ;;
  *)
    echo "there is no environment \"$1\": torch or dvc" >&2
    exit 2
    ;;
esac
stamp=$folder/installed

if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then exit 0; fi
rm -rf "$folder"
"${PYTHON:-python3}" -m venv "$folder"
# shellcheck disable=SC2086 # the words are separate requirements
timeout 900 "$folder/bin/python" -m pip install --quiet --disable-pip-version-check $wanted
"$folder/bin/python" -c "import $modules"
printf '%s' "$wanted" >"$stamp"
