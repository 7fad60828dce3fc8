#!/usr/bin/env bash
# The production shape without containers: what docker-compose.yml lists, run on this machine.
#
#   deploy/native.sh up [--workers N]   start it, in a folder below the temporary directory
#   deploy/native.sh status             what runs and whether it is healthy
#   deploy/native.sh test               the end-to-end suite on a run of its own, with three workers
#   deploy/native.sh down               stop it and throw its folder away, data included
#
# Needs Python >= 3.11, Go (it builds Temporal once, about 8 minutes) and the programs of Postgres.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -x .venv/bin/python ] || make --quiet .venv/.synced

if [ "${1:-}" = test ]; then
  exec .venv/bin/python -m pytest -q -m native tests/native "${@:2}"
fi
exec .venv/bin/python -m deploy.native "$@"
