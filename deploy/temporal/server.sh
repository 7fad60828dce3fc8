#!/bin/sh
# Starts the Temporal server as its image would, with the database password read from a file: the
# server knows no *_FILE variables, and a password in `environment:` is shown to whoever inspects
# the container.
set -eu

POSTGRES_PWD=$(cat "$POSTGRES_PWD_FILE")
export POSTGRES_PWD

exec "$@"
