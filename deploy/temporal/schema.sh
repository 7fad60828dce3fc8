#!/bin/sh
# Makes or upgrades Temporal's tables in both of its databases; running it again changes nothing.
# Host, port, user and plugin come from the environment, as temporal-sql-tool reads them.
set -eu

SQL_PASSWORD=$(cat "$SQL_PASSWORD_FILE")
export SQL_PASSWORD

temporal-sql-tool --database temporal setup-schema --version 0.0
temporal-sql-tool --database temporal update-schema --schema-name postgresql/v12/temporal
temporal-sql-tool --database temporal_visibility setup-schema --version 0.0
temporal-sql-tool --database temporal_visibility update-schema --schema-name postgresql/v12/visibility
