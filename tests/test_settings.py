"""Settings: where values come from, what is refused, and that secrets stay secret."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

import settings
from models.errors import ConfigError
from settings import PREFIX, SECRETS, Settings, load, variables

EXAMPLE = Path(__file__).parent.parent / ".env.example"
KEY = "k1:" + "A" * 43 + "="
SECRET = "whsec_" + "B" * 40
TOKEN = "t" * 20
OWN = {
    "codec_keys": KEY,
    "webhook_secrets": {"riverside": [SECRET]},
    "api_tokens": {"riverside": [TOKEN]},
}


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    import os

    for name in list(os.environ):
        if name.startswith((PREFIX, "TEMPORAL_")):
            monkeypatch.delenv(name)


def read(**given: Any) -> Settings:
    return load(_env_file=None, **given)


def test_the_example_lists_every_variable_with_its_default() -> None:
    documented = dict(re.findall(r"^([A-Z_]+)=(.*)$", EXAMPLE.read_text(), flags=re.MULTILINE))
    assert set(documented) == set(variables())
    assert load(_env_file=EXAMPLE) == read()


def test_the_example_marks_what_may_be_a_file() -> None:
    text = EXAMPLE.read_text()
    for name in SECRETS:
        comment = text.split(f"{PREFIX}{name.upper()}=")[0].rsplit("\n\n", 1)[-1]
        assert "Secret." in comment.splitlines()[-1], name


@pytest.mark.parametrize(
    "address", ["garbage:::", "localhost", "h:0", "h:99999", "http://h:1", ":1"]
)
def test_an_address_without_host_and_port_is_refused(address: str) -> None:
    with pytest.raises(ConfigError, match="TEMPORAL_ADDRESS"):
        read(temporal_address=address)


@pytest.mark.parametrize("address", ["127.0.0.1:7233", "temporal.example.org:443", "[::1]:7233"])
def test_an_address_with_host_and_port_is_taken(address: str) -> None:
    assert read(temporal_address=address).temporal_address == address


def test_the_environment_comes_before_the_file(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    env = tmp_path / ".env"
    env.write_text("REFERRAL_LOOP_HTTP_PORT=1\nREFERRAL_LOOP_HTTP_HOST=file\n")
    monkeypatch.setenv("REFERRAL_LOOP_HTTP_PORT", "2")
    read = load(_env_file=env)
    assert (read.http_port, read.http_host) == (2, "file")


@pytest.mark.parametrize("name", ["TEMPORAL_ADDRESS", "REFERRAL_LOOP_TEMPORAL_ADDRESS"])
def test_temporals_own_variables_count(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "temporal:7233")
    assert read().temporal_address == "temporal:7233"


def test_a_secret_may_be_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "keys").write_text(f"{KEY}\n")
    (tmp_path / "secrets").write_text(f'{{"riverside": ["{SECRET}"]}}\n')
    monkeypatch.setenv("REFERRAL_LOOP_CODEC_KEYS_FILE", str(tmp_path / "keys"))
    monkeypatch.setenv("REFERRAL_LOOP_WEBHOOK_SECRETS_FILE", str(tmp_path / "secrets"))
    found = read()
    assert found.keyring.current == "k1"
    assert found.hook_secrets("riverside") == (SECRET,)


def test_a_file_named_in_the_env_file_counts_too(tmp_path: Path) -> None:
    (tmp_path / "keys").write_text(KEY)
    env = tmp_path / ".env"
    env.write_text(f"REFERRAL_LOOP_CODEC_KEYS_FILE={tmp_path / 'keys'}\n")
    assert load(_env_file=env).keyring.current == "k1"


def test_a_secret_twice_or_a_missing_file_is_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("REFERRAL_LOOP_CODEC_KEYS_FILE", str(tmp_path / "none"))
    with pytest.raises(ConfigError, match="REFERRAL_LOOP_CODEC_KEYS_FILE names a file"):
        read()
    monkeypatch.setenv("REFERRAL_LOOP_CODEC_KEYS", KEY)
    with pytest.raises(ConfigError, match="not both"):
        read()


@pytest.mark.parametrize("name", sorted(OWN))
def test_published_secrets_are_refused_outside_dev(name: str) -> None:
    given = {key: value for key, value in OWN.items() if key != name}
    with pytest.raises(ConfigError) as refused:
        read(environment="production", **given)
    assert refused.value.code == "example_secret"
    assert refused.value.field == PREFIX + name.upper()
    assert PREFIX + name.upper() in refused.value.sentence


def test_own_secrets_run_in_production() -> None:
    assert read(environment="production", **OWN).environment == "production"


def test_an_old_example_key_behind_the_own_one_is_refused_too() -> None:
    keys = f"{KEY},{settings.EXAMPLE_CODEC_KEYS}"
    with pytest.raises(ConfigError, match="REFERRAL_LOOP_CODEC_KEYS"):
        read(environment="production", **{**OWN, "codec_keys": keys})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ENVIRONMENT", "prod"),
        ("HTTP_PORT", "eighty"),
        ("HTTP_PORT", "65536"),
        ("PUBLIC_URL", "example.org"),
        ("CODEC_KEYS", "no-colon"),
        ("CODEC_TOKENS", "alex:tooshort"),
        ("WEBHOOK_SECRETS", "whsec_notjson"),
        ("WEBHOOK_SECRETS", '{"riverside": ["secret"]}'),
        ("WEBHOOK_SECRETS", '{"riverside": ["whsec_c2hvcnQ="]}'),
        ("WEBHOOK_SECRETS", '{"riverside": []}'),
        ("WEBHOOK_SECRETS", '{"River Side": []}'),
        ("API_TOKENS", '{"riverside": ["short"]}'),
        ("MAX_BODY_BYTES", "10"),
        ("TWILIO_URL", "api.twilio.com"),
        ("TELNYX_PUBLIC_KEY", "too short"),
    ],
)
def test_a_wrong_value_names_its_variable_and_not_itself(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(PREFIX + name, value)
    with pytest.raises(ConfigError) as refused:
        read()
    if name not in {"CODEC_KEYS", "CODEC_TOKENS"}:  # their own readers name the entry
        assert PREFIX + name in refused.value.sentence
    for secret in ("c2hvcnQ=", "notjson", '"short"', "no-colon", "tooshort"):
        assert secret not in str(refused.value)


TWILIO = {"twilio_account_sid": "AC1", "twilio_auth_token": "new-token, old-token"}
TELNYX = {
    "telnyx_api_key": "KEY1",
    "telnyx_connection_id": "1",
    "telnyx_public_key": "A" * 43 + "=",
}


@pytest.mark.parametrize("account", [TWILIO, TELNYX], ids=["twilio", "telnyx"])
def test_an_account_of_a_vendor_is_told_whole(account: dict[str, str]) -> None:
    for name in account:
        with pytest.raises(ConfigError) as refused:
            read(**{key: value for key, value in account.items() if key != name})
        assert refused.value.field == PREFIX + name.upper()


def test_while_a_token_is_rotated_the_first_one_sends_and_both_sign() -> None:
    found = read(**TWILIO, public_url="https://hooks.example.org/").twilio
    assert found is not None
    assert [one.get_secret_value() for one in found.tokens] == ["new-token", "old-token"]
    assert found.callbacks == "https://hooks.example.org"
    assert read().twilio is read().telnyx is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({}, "PUBLIC_URL"),
        ({"public_url": "http://hooks.example.org"}, "PUBLIC_URL"),
        ({"public_url": "https://h.example.org", "twilio_url": "http://t.example"}, "TWILIO_URL"),
    ],
)
def test_outside_dev_texts_travel_by_https_alone(changes: dict[str, str], field: str) -> None:
    with pytest.raises(ConfigError) as refused:
        read(environment="production", **OWN, **TWILIO, **changes)
    assert refused.value.field == PREFIX + field
    secure = {"public_url": "https://hooks.example.org"}
    assert read(environment="production", **OWN, **TWILIO, **TELNYX, **secure).telnyx is not None


def test_secrets_are_never_printed() -> None:
    shown = repr(read(**OWN)) + str(read(**OWN).model_dump())
    for secret in (KEY, SECRET, TOKEN):
        assert secret not in shown


def test_the_defaults_of_places() -> None:
    found = read(data_dir="/data")
    assert found.database_url == "sqlite:////data/referral-loop.db"
    assert found.base_url == "http://127.0.0.1:8080"
    assert read(public_url="https://loop.example.org/").base_url == "https://loop.example.org"
    assert read(policy_files="a.toml, b.toml").policy_files == (Path("a.toml"), Path("b.toml"))


def test_the_emr_s_free_times_travel_encrypted_outside_dev() -> None:
    here = read(fhir_url="http://127.0.0.1:9/fhir/", fhir_token="t")
    assert here.fhir is not None
    assert read().fhir is None
    with pytest.raises(ConfigError) as error:
        read(environment="production", **OWN, fhir_url="http://emr.example.org/fhir")
    assert error.value.field == "REFERRAL_LOOP_FHIR_URL"


MAILBOX = {
    "fax_mail_host": "mail.example.org",
    "fax_mail_username": "faxes",
    "fax_mail_password": "secret",
    "fax_mail_clinic": "riverside/east",
}


def test_a_mailbox_of_faxes_is_told_whole_and_travels_encrypted() -> None:
    assert read().fax_mailbox is None
    box = read(**MAILBOX).fax_mailbox
    assert box is not None
    assert (box.org, box.clinic, box.security, box.port) == ("riverside", "east", "tls", 993)
    for name in list(MAILBOX)[1:]:
        with pytest.raises(ConfigError) as refused:
            read(**{key: value for key, value in MAILBOX.items() if key != name})
        assert refused.value.field == PREFIX + name.upper()
    with pytest.raises(ConfigError, match="organization/clinic"):
        read(**MAILBOX | {"fax_mail_clinic": "east"})
