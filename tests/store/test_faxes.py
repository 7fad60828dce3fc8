"""Fax rows on both databases: kept once, lists without files, parts that one person changes."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy.exc import InvalidRequestError

from models.errors import Conflict, NotFound
from models.fax import FaxKind, FaxState, Media, PartState
from models.ids import new_id
from store import faxes
from store.engine import Store
from store.tables import FaxPageRow, FaxPartRow, FaxRow, ReferralRow
from tests.store.world import CLINIC, HOUR, ORG, START, a_referral


def came(store: Store, vendor_id: str = "v1", content: bytes = b"%PDF-1") -> FaxRow:
    with store.write() as session:
        row, _ = faxes.accept(
            session,
            org=ORG,
            clinic_id=CLINIC,
            content=content,
            media=Media.PDF,
            vendor="test",
            vendor_id=vendor_id,
            from_number=None,
            to_number=None,
            received_at=START,
            recorded_at=START,
        )
        return row


def part_of(store: Store, fax: FaxRow, number: int = 1, due_in: timedelta = HOUR) -> FaxPartRow:
    with store.write() as session:
        return faxes.add_part(
            session,
            FaxPartRow(
                id=new_id("fxp"),
                org=ORG,
                clinic_id=CLINIC,
                fax_id=fax.id,
                number=number,
                first_page=number,
                last_page=number,
                kind=FaxKind.QUESTION,
                role="front_desk",
                due=START + due_in,
            ),
        )


def test_one_fax_however_often_it_comes(store: Store) -> None:
    first = came(store)
    assert came(store, "v2").id == came(store, "v1", b"%PDF-1 rendered anew").id == first.id
    assert came(store, "v3", b"%PDF-1 another").id != first.id
    with store.read() as session:
        assert [one.vendor_id for one in faxes.arrivals(session, first.id)] == ["v1", "v2"]
        with pytest.raises(NotFound):
            faxes.get(session, "elsewhere", first.id)
        left = faxes.not_begun(session, START + HOUR, 10)
        assert len(left) == 2
    with store.write() as session:
        faxes.begun(session, ORG, first.id, START)
    with store.read() as session:
        assert len(faxes.not_begun(session, START + HOUR, 10)) == 1


def test_a_list_of_faxes_loads_no_file(store: Store) -> None:
    fax = came(store)
    with store.read() as session:
        head = faxes.heads(session, ORG, [fax.id])[fax.id]
        assert head.received_at == START
        with pytest.raises(InvalidRequestError):
            _ = head.content
        assert faxes.heads(session, "elsewhere", [fax.id]) == {}


def test_a_reading_is_kept_once(store: Store) -> None:
    fax = came(store)
    for text, kept in (("first", True), ("second", False)):
        with store.write() as session:
            row = faxes.get(session, ORG, fax.id, lock=True)
            page = FaxPageRow(fax_id=fax.id, number=1, text=text)
            found = faxes.keep_reading(session, row, [page], count=1, trouble=None, at=START)
            assert found is kept
    with store.read() as session:
        assert [page.text for page in faxes.pages(session, fax.id)] == ["first"]


def test_of_two_who_change_a_part_the_second_is_told(store: Store) -> None:
    part = part_of(store, came(store))
    with store.write() as session:
        mine = faxes.part(session, ORG, part.id, version=1)
        mine.kind = FaxKind.JUNK
        faxes.change(session, mine)
    with pytest.raises(Conflict, match="Somebody else"), store.write() as session:
        faxes.part(session, ORG, part.id, version=1)
    with pytest.raises(NotFound), store.read() as session:
        faxes.part(session, "elsewhere", part.id, lock=False)


def test_a_fax_is_settled_with_its_last_part(store: Store) -> None:
    fax = came(store)
    late, soon = part_of(store, fax), part_of(store, fax, 2, timedelta(0))
    assert part_of(store, fax, 2).id == soon.id  # its number is taken
    with store.read() as session:
        assert [one.id for one in faxes.waiting(session, ORG, [CLINIC])] == [soon.id, late.id]
    for part, state in ((soon, FaxState.OPEN), (late, FaxState.SETTLED)):
        with store.write() as session:
            mine = faxes.part(session, ORG, part.id)
            faxes.settle(session, mine, PartState.DONE, by="dana", at=START)
        with store.read() as session:
            assert faxes.get(session, ORG, fax.id).state == state


def test_others_backlog_hides_nobodys_own_faxes(store: Store) -> None:
    fax = came(store)
    here, elsewhere, nobodys, billing = (part_of(store, fax, number) for number in range(1, 5))
    places = {elsewhere.id: "north", nobodys.id: None}
    with store.write() as session:
        for part in (here, elsewhere, nobodys, billing):
            mine = faxes.part(session, ORG, part.id)
            mine.clinic_id = places.get(part.id, CLINIC)
            mine.role = "billing" if part.id == billing.id else "front_desk"
            faxes.change(session, mine)
    with store.read() as session:
        seen = {one.id for one in faxes.waiting(session, ORG, [CLINIC])}
        assert seen == {here.id, nobodys.id, billing.id}
        [theirs] = faxes.waiting(session, ORG, [CLINIC], "billing", limit=1)
        assert theirs.id == billing.id


def test_a_lead_waits_until_somebody_has_vouched_for_it(store: Store) -> None:
    _, referral_id = a_referral(store)
    part = part_of(store, came(store))
    with store.write() as session:
        mine = faxes.part(session, ORG, part.id)
        faxes.settle(session, mine, PartState.LEAD, by="system", at=START, referral_id=referral_id)
        session.get_one(ReferralRow, referral_id).confirmed = False
    with store.read() as session:
        assert [one.id for one in faxes.to_confirm(session, ORG, [CLINIC])] == [part.id]
    with store.write() as session:
        session.get_one(ReferralRow, referral_id).confirmed = True
    with store.read() as session:
        assert list(faxes.to_confirm(session, ORG, [CLINIC])) == []


def test_referrals_are_found_by_what_a_fax_says_of_its_patient(store: Store) -> None:
    _, ada = a_referral(store)
    _, eve = a_referral(store, patient={"given_name": "Eve", "born": "1981-05-05"})
    with store.read() as session:

        def found(family: str, born: date | None, clinic: str = CLINIC) -> list[str]:
            pairs = faxes.candidates(session, ORG, [clinic], family=family, born=born)
            return [row.id for row, _ in pairs]

        assert found("example", date(1981, 5, 5)) == [eve, ada]
        assert found("", date(1960, 2, 29)) == [ada]
        assert sorted(found("EXAMPLE", None)) == sorted([ada, eve])
        assert found("example", None, "elsewhere") == found("", None) == []


def test_a_code_is_ours_and_stays_known(store: Store) -> None:
    _, referral_id = a_referral(store)
    for _ in range(2):
        with store.write() as session:
            faxes.keep_code(session, ORG, "RL-7K3M-9QXD", referral_id, 2, START)
    with store.read() as session:
        codes = ["RL-7K3M-9QXD", "RL-4H8T-2WPC"]
        assert faxes.known_codes(session, ORG, codes) == {"RL-7K3M-9QXD": referral_id}
        assert faxes.known_codes(session, "elsewhere", codes) == {}
        assert faxes.version_of(session, ORG, codes[0]) == 2
        assert faxes.version_of(session, ORG, codes[1]) is None
