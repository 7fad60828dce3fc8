"""Decisions that name another clinic: refused where that makes no sense, and what they send."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from activities.elsewhere import checked
from models.contracts import Parcel
from models.errors import Refused
from models.facts import ClosedReason, ReferralClosed, Transferred
from models.kinds import Kind
from models.policy_file import load
from models.referral import Referral
from store.engine import Store
from tests.activities.office import EXAMPLE, MONDAY, Office
from tests.activities.test_recipients import text_of
from tests.doors import ORG, Door

ORGANIZATION = load(EXAMPLE).organization
EAST = Referral()


def declined(**more: Any) -> ReferralClosed:
    fields = {"at": MONDAY, "by": "lee", "reason": ClosedReason.DECLINED_BY_CLINIC}
    return ReferralClosed.model_validate({**fields, "declined_for": "capacity", **more})


@pytest.mark.parametrize(
    ("decision", "code"),
    [
        (declined(declined_for=None), "reason_missing"),
        (declined(sister_clinic_id="north"), "unknown_clinic"),
        (declined(sister_clinic_id="east"), "same_clinic"),
    ],
)
def test_what_makes_no_sense_is_refused(decision: ReferralClosed, code: str) -> None:
    with pytest.raises(Refused) as refused:
        checked(ORGANIZATION, "east", EAST, decision)
    assert refused.value.code == code


@pytest.mark.parametrize(
    "decision",
    [
        declined(sister_clinic_id="west"),
        declined(reason=ClosedReason.WITHDRAWN, declined_for=None),
        declined(retracted=True, declined_for=None),
    ],
)
def test_anything_else_goes_on(decision: ReferralClosed) -> None:
    assert checked(ORGANIZATION, "east", EAST, decision) == decision


def test_what_is_known_is_not_asked_again() -> None:
    before = declined(declined_for=None)
    assert checked(ORGANIZATION, "east", Referral([before]), before) == before


async def test_it_is_asked_before_a_workflow_hears_of_it(store: Store) -> None:
    door = Door(store)
    referral_id = await door.refer()
    with pytest.raises(Refused) as refused:
        await door.intake.decide(ORG, referral_id, declined(at=door.now, declined_for=None))
    assert refused.value.code == "reason_missing"
    assert door.engine.updates == []


# --- the letter -----------------------------------------------------------------------------------


def letter(store: Store, folder: Path, **more: Any) -> Parcel:
    office = Office(store, folder)
    office.receive()
    office.tell(declined(**more))
    office.send(Kind.DECLINED, "source", "closed")
    (parcel,) = office.fax.accepted
    return parcel


@pytest.mark.parametrize(
    ("why", "says"),
    [
        ("capacity", "we have no free place in the time in which the patient should be seen."),
        ("payer", "we have no contract with the patient's insurance plan."),
        ("scope", "we do not offer the care that is asked for."),
    ],
)
def test_the_letter_says_why_and_asks_to_redirect(
    store: Store, tmp_path: Path, why: str, says: str
) -> None:
    text = text_of(letter(store, tmp_path, declined_for=why))
    assert f"Jordan Lee Sentinel, born Jan 4, 1961. We cannot take this patient: {says}" in text
    assert "Please refer the patient to another clinic." in text
    assert "Riverside Physical Therapy West" not in text


def test_the_letter_names_a_sister_clinic_that_can(store: Store, tmp_path: Path) -> None:
    text = text_of(letter(store, tmp_path, sister_clinic_id="west"))
    assert "Our clinic Riverside Physical Therapy West can take the patient" in text
    assert "340 Prairie Avenue" in text
    assert "fax 217-555-0145" in text
    assert "refer the patient to another clinic" not in text


def test_a_sister_clinic_that_is_gone_by_now_is_not_named(store: Store, tmp_path: Path) -> None:
    text = text_of(letter(store, tmp_path, sister_clinic_id="north"))
    assert "Please refer the patient to another clinic." in text


# --- on to another clinic -------------------------------------------------------------------------


def moved(to: str = "west", before: str | None = None, **more: Any) -> Transferred:
    return Transferred(at=MONDAY, by="lee", clinic_id=to, from_clinic_id=before, **more)


def test_where_it_was_is_worked_out_by_us() -> None:
    assert checked(ORGANIZATION, "east", EAST, moved(before="north")) == moved(before="east")


def test_told_again_it_is_the_same_move() -> None:
    known = Referral([moved(before="east")])
    assert checked(ORGANIZATION, "west", known, moved()) == moved(before="east")


def test_there_is_no_such_clinic() -> None:
    with pytest.raises(Refused) as refused:
        checked(ORGANIZATION, "east", EAST, moved("north"))
    assert refused.value.code == "unknown_clinic"
    assert "east, west" in refused.value.sentence


def test_a_source_hears_from_the_new_clinic(store: Store, tmp_path: Path) -> None:
    office = Office(store, tmp_path)
    office.receive()
    office.tell(moved(before="east"))
    given = office.given(Kind.TRANSFERRED, "source", moved().occasion)
    office.post.turn(given.model_copy(update={"clinic_id": "west"}), MONDAY)
    (parcel,) = office.fax.accepted
    assert parcel.sender == "+12175550145"
    text = text_of(parcel)
    assert "Jordan Lee Sentinel, born Jan 4, 1961." in text
    assert "Riverside Physical Therapy West, 340 Prairie Avenue" in text
    assert "instead of Riverside Physical Therapy East" in text
    assert "phone 217-555-0144, fax 217-555-0145" in text
