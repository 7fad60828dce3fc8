#!/bin/sh
# Makes the two roles and their three databases, once, when the database volume is empty. Temporal
# and referral-loop cannot read each other's: neither owns anything of the other, and nobody may
# connect to a database who is not its owner. The Postgres image runs this as its superuser.
set -eu

psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\set temporal_password `cat "$TEMPORAL_PASSWORD_FILE"`
\set store_password `cat "$STORE_PASSWORD_FILE"`
CREATE ROLE temporal LOGIN PASSWORD :'temporal_password';
CREATE ROLE referral_loop LOGIN PASSWORD :'store_password';
CREATE DATABASE temporal OWNER temporal;
CREATE DATABASE temporal_visibility OWNER temporal;
CREATE DATABASE referral_loop OWNER referral_loop;
REVOKE ALL ON DATABASE temporal, temporal_visibility, referral_loop FROM PUBLIC;
SQL
