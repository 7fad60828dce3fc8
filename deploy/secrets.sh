#!/bin/sh
# Makes the secret files that docker-compose.yml reads; those that are there stay as they are.
#
#   deploy/secrets.sh [ORGANIZATION...]      default: riverside, the one of clinics/example.toml
#
# The folder is closed to everybody else on this machine; the files inside can be read, because the
# processes in the containers have other user ids than you. Back the folder up, apart from the
# databases: without codec_keys no history can be read, ever.
set -eu

folder=${REFERRAL_LOOP_SECRETS_DIR:-$(dirname "$0")/secrets}
store=${REFERRAL_LOOP_STORE_HOST:-postgres:5432}
[ $# -gt 0 ] || set -- riverside
command -v openssl > /dev/null || { echo "openssl is missing; install it first." >&2; exit 1; }

umask 077
mkdir -p "$folder"
chmod 700 "$folder"

keep() { # keep NAME: standard input becomes the secret, unless there is one
  if [ -e "$folder/$1" ]; then
    cat > /dev/null
  else
    cat > "$folder/.$1"
    chmod 444 "$folder/.$1"
    mv "$folder/.$1" "$folder/$1"
    echo "made $folder/$1"
  fi
}

by_organization() { # by_organization PREFIX ORGANIZATION...: {"org": ["secret"], ...}
  prefix=$1 && shift
  comma='{'
  for org in "$@"; do
    printf '%s"%s": ["%s%s"]' "$comma" "$org" "$prefix" "$(openssl rand -base64 32)"
    comma=', '
  done
  printf '}\n'
}

openssl rand -hex 24 | keep postgres_password
openssl rand -hex 24 | keep temporal_password
openssl rand -hex 24 | keep store_password
echo "postgresql://referral_loop:$(cat "$folder/store_password")@$store/referral_loop" | keep store_url
echo "k1:$(openssl rand -base64 32)" | keep codec_keys
echo "admin:$(openssl rand -base64 32)" | keep codec_tokens
by_organization whsec_ "$@" | keep webhook_secrets
by_organization "" "$@" | keep api_tokens
printf '{}\n' | keep report_tokens # nobody reads figures alone; see docs/integrators/reports.md
printf '' | keep smtp_password # empty: a mail server that asks for none, or none at all
printf '' | keep twilio_auth_token # empty: no texts by Twilio
printf '' | keep telnyx_api_key # empty: no faxes by Telnyx
printf '' | keep fhir_token # empty: the EMR's free times are not read, or it asks for none
printf '' | keep desk_oidc_client_secret # empty: staff sign in with passwords, or PKCE alone
printf '' | keep fax_mail_password # empty: no mailbox of faxes is watched
