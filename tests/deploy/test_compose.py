"""docker-compose.yml: valid, pinned, closed to the outside, and true to what the code reads."""

from __future__ import annotations

import json
import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

import settings
from deploy.compose import load, services
from engine.install import SERVER, WEB_UI
from engine.namespace import RETENTION
from engine.serverfiles import DEV_DYNAMIC_CONFIG
from settings import PREFIX, SECRETS, variables
from web.app import uvicorn_options
from worker import GRACE

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yml"
SCHEMA = Path(__file__).parent / "schema" / "compose-spec.json"
OURS = {"prepare", "migrate", "web", "worker"}
JOBS = {"temporal-schema", "prepare", "migrate"}
TOOLS = {"temporal-cli"}
# A version to the last number, such as 1.32.0, 18.6-trixie or 3.11.16-slim; and a digest if added.
PINNED = re.compile(r"[a-z][a-z0-9/-]*:\d+\.\d+(\.\d+)?(-[a-z]+)*(@sha256:[0-9a-f]{64})?")


def told() -> dict[str, Any]:
    return load(FILE, {})


def parts() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = told()["services"]
    return found


@pytest.fixture(params=sorted(parts()))
def part(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """Each service by its name."""
    return request.param, parts()[request.param]


@pytest.fixture(scope="module")
def made_secrets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What deploy/secrets.sh makes."""
    folder = tmp_path_factory.mktemp("made") / "secrets"
    environment = {**os.environ, "REFERRAL_LOOP_SECRETS_DIR": str(folder)}
    subprocess.run([ROOT / "deploy" / "secrets.sh"], env=environment, check=True)
    return folder


# --- the schema -----------------------------------------------------------------------------------


def problems(content: Any) -> list[str]:
    schema = json.loads(SCHEMA.read_text())
    return [e.message for e in jsonschema.Draft202012Validator(schema).iter_errors(content)]


def test_it_is_what_the_published_schema_asks() -> None:
    assert problems(yaml.safe_load(FILE.read_text())) == []
    assert problems(told()) == []


def test_the_schema_sees_a_typing_mistake() -> None:
    content = told()
    content["services"]["web"]["restrat"] = "always"
    assert problems(content)
    content = told()
    content["services"]["worker"]["depends_on"]["migrate"]["condition"] = "service_finished"
    assert problems(content)


# --- pins -----------------------------------------------------------------------------------------


def test_every_image_is_pinned(part: tuple[str, dict[str, Any]]) -> None:
    assert PINNED.fullmatch(part[1]["image"]), part[1]["image"]


@pytest.mark.parametrize("image", ["postgres", "postgres:18", "temporalio/ui:latest"])
def test_a_floating_image_would_be_seen(image: str) -> None:
    assert not PINNED.fullmatch(image)


def test_versions_are_those_the_code_is_tested_with() -> None:
    release = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    images = {name: part["image"].partition("@")[0] for name, part in parts().items()}
    assert images["temporal"] == f"temporalio/server:{SERVER.version}"
    assert images["temporal-schema"] == f"temporalio/admin-tools:{SERVER.version}"
    assert images["temporal-cli"] == images["temporal-schema"]
    assert images["temporal-ui"] == f"temporalio/ui:{WEB_UI.version}"
    assert {images[name] for name in OURS} == {f"referral-loop:{release}"}


# --- closed to the outside ------------------------------------------------------------------------


def test_ports_are_published_on_the_loopback_address_alone(
    part: tuple[str, dict[str, Any]],
) -> None:
    name, service = part
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
    assert "network_mode" not in service
    if name not in {"web", "temporal-ui"}:
        assert "ports" not in service


def test_every_part_has_no_more_rights_than_it_needs(part: tuple[str, dict[str, Any]]) -> None:
    name, service = part
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    if name != "postgres":  # its entrypoint gives the data folder to its own account
        assert service["read_only"] is True
        assert "cap_add" not in service


def test_no_secret_stands_in_an_environment(part: tuple[str, dict[str, Any]]) -> None:
    name, service = part
    for variable, value in service.get("environment", {}).items():
        if re.search(r"PASSWORD|PWD|SECRET|TOKEN|(?<!PUBLIC_)KEY|STORE_URL", variable):
            assert variable.endswith("_FILE"), f"{name}: {variable}"
            secret = str(value).removeprefix("/run/secrets/")
            assert secret in service["secrets"], f"{name}: {variable} names no secret it is given"


def test_every_secret_has_a_file_that_the_script_makes(made_secrets: Path) -> None:
    content = load(FILE, {"REFERRAL_LOOP_SECRETS_DIR": str(made_secrets)})
    used = {one for part in content["services"].values() for one in part.get("secrets", ())}
    assert used == set(content["secrets"])
    files = {Path(secret["file"]) for secret in content["secrets"].values()}
    assert files == set(made_secrets.iterdir())
    assert made_secrets.stat().st_mode & 0o777 == 0o700


def test_the_script_keeps_the_secrets_that_are_there(made_secrets: Path) -> None:
    before = {path.name: path.read_bytes() for path in made_secrets.iterdir()}
    environment = {**os.environ, "REFERRAL_LOOP_SECRETS_DIR": str(made_secrets)}
    subprocess.run([ROOT / "deploy" / "secrets.sh"], env=environment, check=True)
    assert {path.name: path.read_bytes() for path in made_secrets.iterdir()} == before


def test_the_ui_cannot_write_and_asks_our_codec() -> None:
    environment = parts()["temporal-ui"]["environment"]
    public = parts()["web"]["environment"]["REFERRAL_LOOP_PUBLIC_URL"]
    assert environment["TEMPORAL_DISABLE_WRITE_ACTIONS"] == "true"
    assert environment["TEMPORAL_CODEC_ENDPOINT"] == f"{public}/codec"
    ui = parts()["web"]["environment"]["REFERRAL_LOOP_TEMPORAL_UI_ADDRESS"]
    assert environment["TEMPORAL_CORS_ORIGINS"] == ui
    assert parts()["temporal-ui"]["ports"] == [f"{ui.removeprefix('http://')}:8080"]


# --- kept running ---------------------------------------------------------------------------------


def test_a_part_is_a_job_or_is_kept_running_and_asked_for_its_health(
    part: tuple[str, dict[str, Any]],
) -> None:
    name, service = part
    if name in JOBS | TOOLS:
        assert service["restart"] in {"no", "on-failure:5"}
        assert "healthcheck" not in service
    else:
        assert service["restart"] == "unless-stopped"
        assert service["healthcheck"]["test"]


def test_parts_start_in_their_order() -> None:
    read = services(FILE, {})
    for name, service in read.items():
        for other, needed in service.depends_on.items():
            job = needed.condition == "service_completed_successfully"
            assert job == (other in JOBS), f"{name} waits for {other} in a way that never comes"
    assert set(read["worker"].depends_on) == {"migrate", "prepare"}
    assert set(read["web"].depends_on) == {"migrate"}, "events are taken without Temporal"


def test_workers_can_be_as_many_as_one_likes() -> None:
    worker = parts()["worker"]
    assert not {"ports", "container_name", "hostname"} & set(worker)
    assert worker["deploy"]["replicas"] >= 2


def test_whoever_stops_a_part_waits_longer_than_it_takes_to_end() -> None:
    read = services(FILE, {})
    assert read["worker"].stop_grace_period > GRACE.total_seconds()
    answering = uvicorn_options(settings.Settings(_env_file=None))["timeout_graceful_shutdown"]
    assert isinstance(answering, int)
    assert read["web"].stop_grace_period > answering + 5  # and the dispatcher's last moments


def test_temporal_keeps_its_history_and_skips_no_time() -> None:
    dynamic = yaml.safe_load((ROOT / "deploy" / "temporal" / "dynamic.yaml").read_text())
    assert not set(dynamic) & set(DEV_DYNAMIC_CONFIG)
    assert RETENTION.days >= 90
    volumes = told()["volumes"]
    assert parts()["postgres"]["volumes"][0].partition(":")[0] in volumes, "an unnamed volume"


# --- the environment ------------------------------------------------------------------------------


@pytest.mark.parametrize("name", sorted(OURS))
def test_our_parts_are_told_nothing_the_settings_do_not_know(name: str) -> None:
    known = set(variables()) | {f"{PREFIX}{secret.upper()}_FILE" for secret in SECRETS}
    assert set(parts()[name]["environment"]) <= known


def test_an_account_whose_secret_is_mounted_can_be_told_whole() -> None:
    told = {name.removesuffix("_FILE") for name in parts()["worker"]["environment"]}
    accounts = ("SMTP_", "TWILIO_", "TELNYX_", "FHIR_", "FAX_MAIL_", "DESK_OIDC_")
    needed = {
        name
        for name, field in variables().items()
        if name.startswith(tuple(f"{PREFIX}{one}" for one in accounts)) and field.default is None
    }
    assert needed - told == set()


def test_the_environment_of_our_parts_is_a_valid_production_one(
    made_secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in list(os.environ):
        if variable.startswith((PREFIX, "TEMPORAL_")):
            monkeypatch.delenv(variable)
    for variable, value in parts()["worker"]["environment"].items():
        here = str(value).replace("/run/secrets", str(made_secrets))
        monkeypatch.setenv(variable, here)
    read = settings.load(_env_file=None)
    assert read.environment == "production"
    assert not read.may_migrate
    assert read.engine_address == "temporal:7233"
    assert read.database_url.startswith("postgresql://referral_loop:")
    assert read.hook_secrets("riverside")
    assert read.readers


def test_what_it_takes_from_dot_env_is_explained_there() -> None:
    example = (ROOT / ".env.example").read_text()
    asked = set(re.findall(r"(?<!\$)\$\{(\w+)", FILE.read_text()))
    assert {name for name in asked if f"\n{name}=" not in example} == {
        name for name in asked if f"\n# {name}=" in example
    }
    defaults = re.findall(r"(?<!\$)\$\{(\w+):-([^}]+)\}", FILE.read_text())
    for name, default in defaults:
        line = re.search(rf"^(?:# )?{name}=(.*)$", example, flags=re.MULTILINE)
        assert line is not None
        assert line[1] in {"", default}, f"{name} has another default in .env.example"
