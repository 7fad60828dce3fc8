"""The page that plays the patient's phone and the physician's fax machine."""

from __future__ import annotations

import tomllib
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest
from fastapi import FastAPI, Request
from PIL import Image
from pypdf import PdfReader

from cli.simulating import pointed, simulated, with_vendors
from demo.vendors.page import Line, simulator
from demo.vendors.pen import Answer, page_to_sign, picture, returned
from demo.vendors.telnyx import Fax, TelnyxServer
from demo.vendors.twilio import TwilioServer
from models.document_samples import PLAN_OF_CARE
from models.errors import ConfigError
from models.policy_file import load as load_policy
from reports.registry import build
from settings import load
from tests.vendors import served

EXAMPLE = Path(__file__).parents[2] / "clinics" / "example.toml"
PHONE, CLINIC, CLINIC_FAX = "+15185550150", "+15185550142", "+15185550143"
NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
EAST = Line("riverside", "Riverside East", CLINIC, CLINIC_FAX, "America/New_York")


@pytest.fixture(scope="module")
def plan() -> bytes:
    return build(PLAN_OF_CARE)


class Ends(NamedTuple):
    """The page, what stands behind it, and what the clinic's side was told."""

    http: httpx.AsyncClient
    twilio: TwilioServer
    telnyx: TelnyxServer
    told: list[str]


@pytest.fixture
async def ends() -> AsyncIterator[Ends]:
    told: list[str] = []
    clinic = FastAPI()

    @clinic.post("/{path:path}")
    async def hear(path: str, request: Request) -> dict[str, Any]:
        assert await request.body()
        told.append(path)
        return {}

    async with served(clinic) as url:
        twilio = TwilioServer(lambda: NOW, callbacks=f"{url}/texts")
        telnyx = TelnyxServer(lambda: NOW)
        telnyx.webhooks[CLINIC_FAX] = f"{url}/faxes"
        app = simulator(twilio, telnyx, (EAST,), lambda: NOW)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://sim", follow_redirects=True
        ) as http:
            yield Ends(http, twilio, telnyx, told)


async def test_it_says_what_it_is_before_anything_else(ends: Ends) -> None:
    page = await ends.http.get("/")
    assert page.status_code == 200
    assert "Not for production" in page.text
    assert "Nothing has been faxed yet." in page.text


async def test_a_patient_answers_from_their_own_phone(ends: Ends) -> None:
    opened = await ends.http.post("/phones", data={"number": "(518) 555-0150"})
    chosen = opened.url.params["phone"]
    assert PHONE not in str(opened.url)
    sent = await ends.http.post(f"/phones/{chosen}/texts", data={"to": CLINIC, "body": "<b>STOP"})
    assert "it answered" in sent.text
    assert ends.told == ["texts/text"]
    assert "&lt;b&gt;STOP" in (await ends.http.get("/thread", params={"phone": chosen})).text
    assert "no phone number" in (await ends.http.post("/phones", data={"number": "no"})).text


async def test_a_fax_goes_to_the_clinic_and_can_be_looked_at(ends: Ends, plan: bytes) -> None:
    file = {"file": ("order.pdf", plan, "application/pdf")}
    form = {"number": "+15185550160", "to": CLINIC_FAX}
    sent = await ends.http.post("/faxes", data=form, files=file)
    assert ends.told == ["faxes"]
    (fax,) = ends.telnyx.faxes
    assert f"/faxes/{fax.id}/fax.pdf" in sent.text
    assert (await ends.http.get(f"/faxes/{fax.id}/fax.pdf")).content == plan
    assert (await ends.http.get(f"/faxes/{fax.id}/1.png")).content.startswith(b"\x89PNG")
    for lost in (f"/faxes/{fax.id}/9.png", "/faxes/none/fax.pdf", "/faxes/none/1.png"):
        assert (await ends.http.get(lost)).status_code == 404


async def test_a_photographed_order_is_shown_as_it_is(ends: Ends) -> None:
    made = BytesIO()
    Image.new("L", (40, 60), 255).save(made, "TIFF")
    form = {"number": "+15185550160", "to": CLINIC_FAX}
    sent = await ends.http.post("/faxes", data=form, files={"file": ("o.tif", made.getvalue())})
    (fax,) = ends.telnyx.faxes
    assert "Open as PDF" not in sent.text
    assert (await ends.http.get(f"/faxes/{fax.id}/1.png")).content.startswith(b"\x89PNG")
    assert (await ends.http.get(f"/faxes/{fax.id}/2.png")).status_code == 404


async def test_a_received_plan_goes_back_signed(ends: Ends, plan: bytes) -> None:
    came = Fax("f-1", "+15185550160", CLINIC_FAX, "outbound", plan, NOW, status="delivered")
    ends.telnyx.faxes.append(came)
    assert "Send the page back" in (await ends.http.get("/")).text
    await ends.http.post("/faxes/f-1/return", data={"answer": "signed", "name": "A. Ruiz, MD"})
    assert ends.told == ["faxes"]
    back = ends.telnyx.faxes[-1]
    assert (back.sender, back.to, back.direction) == ("+15185550160", CLINIC_FAX, "inbound")
    assert len(PdfReader(BytesIO(back.content)).pages) == 1


@pytest.mark.parametrize(
    ("answer", "signed", "dated"),
    [(Answer.SIGNED, True, True), (Answer.UNDATED, True, False), (Answer.BLANK, False, False)],
)
def test_the_pen_writes_what_was_chosen(
    plan: bytes, answer: Answer, signed: bool, dated: bool
) -> None:
    assert page_to_sign(plan) == len(PdfReader(BytesIO(plan)).pages) - 1
    back = returned(plan, answer, "J. Example, MD", date(2026, 3, 9))
    (page,) = PdfReader(BytesIO(back)).pages
    text = page.extract_text()
    assert "Return code" in text
    assert ("J. Example, MD" in text, "03/09/2026" in text) == (signed, dated)
    assert picture(b"no pdf", 0) is None


def test_channels_and_made_up_links_alone_are_pointed_elsewhere(tmp_path: Path) -> None:
    text = EXAMPLE.read_text(encoding="utf-8")
    before, after = tomllib.loads(text), tomllib.loads(with_vendors(text))
    channels = after.pop("channels")
    assert channels == {**before.pop("channels"), "sms": "twilio", "fax": "telnyx"}
    assert {one.pop("scheduling_link") for one in after["clinics"]} == {"ours"}
    for one in before["clinics"]:
        one.pop("scheduling_link")
    assert after == before
    real = 'scheduling_link = "https://clinic.test/book"'
    assert real in with_vendors(real)
    assert tomllib.loads(with_vendors('[organization]\nid = "x"'))["channels"]["fax"] == "telnyx"
    settings = load(_env_file=None, data_dir=tmp_path, policy_files=(EXAMPLE,))
    from activities.tenants import Tenants

    (copy,) = pointed(settings, Tenants([load_policy(EXAMPLE)]))
    assert load_policy(copy).channels.sms == "twilio"


async def test_the_house_is_told_everything_and_only_in_dev(tmp_path: Path) -> None:
    settings = load(_env_file=None, data_dir=tmp_path, policy_files=(EXAMPLE,), http_port=18080)
    async with simulated(settings) as house:
        assert house.settings.twilio is not None
        assert house.settings.telnyx is not None
        assert house.page.startswith("http://127.0.0.1:")
        workers = load(
            _env_file=None,
            **{
                name.removeprefix("REFERRAL_LOOP_").lower(): value
                for name, value in house.environment.items()
            },
        )
        assert (workers.twilio, workers.telnyx) == (house.settings.twilio, house.settings.telnyx)
    with pytest.raises(ConfigError, match="trying things out"):
        async with simulated(settings.model_copy(update={"environment": "production"})):
            pass
