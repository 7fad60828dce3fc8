"""A physician retires: what was theirs goes to the successor, or somebody is asked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from models.contracts import SourceStart
from models.errors import BadRequest
from models.facts import CertifierNamed, ProviderLeft
from store import audit, contacts, sources
from store.engine import Store
from store.tables import InboxRow, ProviderRow, ReferralRow, SourceRow, TaskRow
from tests.doors import ORG, START, Door, referral_event

DAY = timedelta(days=1)
RUIZ, OTHER = "1234567893", "1114567898"  # the source of the example, and a colleague
COLLEAGUE = {"npi": OTHER, "name": "Sam Other", "credential": "MD", "fax": "(518) 555-0111"}


@pytest.fixture
def door(store: Store) -> Door:
    door = Door(store)
    door.now = START + 20 * DAY
    return door


def provider(door: Door, npi: str) -> ProviderRow:
    return next(row for row in door.rows(ProviderRow) if row.npi == npi)


def leaving(day: int = 20, **data: Any) -> dict[str, Any]:
    at = START + timedelta(days=min(day, 20))
    on = (START + timedelta(days=day)).date().isoformat()
    more = {name: data.pop(name) for name in ("retracted", "as_of") if name in data}
    told = {"provider_npi": RUIZ, "on": on, **data}
    return {"type": "provider_left", "at": at.isoformat(), "data": told, **more}


async def leaves(door: Door, day: int = 20, **data: Any) -> InboxRow:
    return await door.tell(leaving(day, **data))


async def test_open_referrals_go_to_the_successor(door: Door) -> None:
    first = await door.refer()
    other = await door.refer(external="R-2", source=COLLEAGUE, patient={"family_name": "Other"})
    row = await leaves(door, successor_npi=OTHER)
    assert (row.state, row.reason) == ("applied", None)
    successor = provider(door, OTHER)
    stands = door.referral(first).received
    assert (stands.certifier_id, stands.recipients) == (successor.id, (successor.id,))
    assert door.engine.told(first) == ["provider_left", "certifier_named"]
    assert door.engine.told(other) == [], "nobody of theirs has left"
    with door.store.read() as session:
        assert session.get_one(ReferralRow, first).certifier_id == successor.id
        assert contacts.contact(session, ORG, first, "certifier").name == "Sam Other"
        to = contacts.contact(session, ORG, first, "source", on=(START + 21 * DAY).date())
        assert to.name == "Sam Other", "letters to the source are read by who took over"


async def test_without_a_successor_nobody_certifies(door: Door) -> None:
    first = await door.refer()
    await leaves(door)
    stands = door.referral(first).received
    assert (stands.certifier_id, stands.recipients) == (None, ())
    with door.store.read() as session:
        assert session.get_one(ReferralRow, first).certifier_id is None
        to = contacts.contact(session, ORG, first, "source", on=(START + 21 * DAY).date())
        assert (to.name, to.provider_id) == ("Lakeside Family Medicine", None)


async def test_who_only_reads_the_reports_reads_them_no_more(door: Door) -> None:
    referral_id = await door.refer(source=COLLEAGUE, recipients=[{"npi": RUIZ, "name": "Ana Ruiz"}])
    before = door.referral(referral_id).received
    await leaves(door)
    stands = door.referral(referral_id).received
    assert stands.certifier_id == before.certifier_id
    assert stands.recipients == before.recipients[:1]
    assert door.engine.told(referral_id) == ["provider_left"]


async def test_told_twice_it_happens_once(door: Door) -> None:
    first = await door.refer()
    await door.refer(external="R-2", source=COLLEAGUE, patient={"family_name": "Other"})
    event = leaving(successor_npi=OTHER)
    await door.tell(event, "b")
    once = door.referral(first).facts
    await door.tell(event, "c")
    assert door.referral(first).facts == once
    assert len(door.referral(first).all(CertifierNamed)) == 1
    with door.store.read() as session:
        assert len(audit.about(session, ORG, provider(door, RUIZ).id)) == 1


async def test_a_successor_told_later_takes_over_from_nobody(door: Door) -> None:
    first = await door.refer()
    await leaves(door)
    assert door.referral(first).received.certifier_id is None
    at = (START + 21 * DAY).isoformat()
    await door.tell({**leaving(successor=COLLEAGUE), "at": at})
    assert door.referral(first).received.certifier_id == provider(door, OTHER).id


async def test_whom_a_person_named_since_stays(door: Door) -> None:
    first = await door.refer()
    await leaves(door)
    chosen = CertifierNamed(at=START + 21 * DAY, by="dana", provider_id="prv_chosen")
    door.write(first, chosen)
    at = (START + 22 * DAY).isoformat()
    await door.tell({**leaving(successor=COLLEAGUE), "at": at})
    assert door.referral(first).received.certifier_id == "prv_chosen"


async def test_a_successor_nobody_knows_is_a_persons_question(door: Door) -> None:
    first = await door.refer()
    row = await leaves(door, successor_npi=OTHER)
    assert (row.state, row.reason) == ("task", "unknown_successor")
    assert door.referral(first).all(ProviderLeft) == []
    assert [task.kind for task in door.rows(TaskRow)] == ["unmatched_event"]


async def test_one_we_never_met_changes_nothing(door: Door) -> None:
    row = await leaves(door)
    assert (row.state, row.reason) == ("applied", "unknown_provider")


async def test_ahead_of_the_day_nothing_happens(door: Door) -> None:
    first = await door.refer()
    row = await leaves(door, day=40)
    assert row.state == "received"
    assert row.reason == "not_yet"
    assert door.referral(first).all(ProviderLeft) == []
    door.now = START + 39 * DAY
    assert await door.intake.dispatch_left(door.now) == 0
    door.now = START + 40 * DAY
    assert await door.intake.dispatch_left(door.now) == 1
    assert door.intake.status(ORG, row.id).state == "applied"
    (left,) = door.referral(first).all(ProviderLeft)
    assert left.at.date() == (START + 40 * DAY).date()


async def test_taken_back_everything_is_as_before(door: Door) -> None:
    first = await door.refer()
    await leaves(door)
    later = (START + 21 * DAY).isoformat()
    await leaves(door, retracted=True, as_of=later)
    assert door.referral(first).received == door.referral(first).told
    (source,) = door.rows(SourceRow)
    assert (source.left_on, provider(door, RUIZ).left_on) == (None, None)


async def test_cut_off_before_the_engine_heard_everybody_is_told_again(door: Door) -> None:
    first = await door.refer()
    door.engine.down = True
    row = await leaves(door, successor=COLLEAGUE)
    assert row.state == "received"
    door.engine.down = False
    await door.intake.dispatch(row.id)
    assert door.engine.told(first) == ["provider_left", "certifier_named"]
    assert len(door.referral(first).all(CertifierNamed)) == 1


async def test_their_silence_means_nothing_any_more(door: Door) -> None:
    referral_id = await door.refer()
    source_id = door.referral(referral_id).received.source_id
    with door.store.write() as session:
        source = sources.get(session, ORG, source_id)
        due = START + 70 * DAY
        sources.open_quiet(session, source, since=START + 60 * DAY, at=START + 60 * DAY, due=due)
    await leaves(door)
    (task,) = door.rows(TaskRow)
    assert task.state == "moot"
    (watch,) = door.engine.runs[f"source/{ORG}/{source_id}"]
    assert [name for name, _ in watch.signals] == ["referral_received", "look_again"]
    from activities.sources import Sources

    look = Sources(door.store, door.tenants, lambda: START).judge(
        SourceStart(org=ORG, source_id=source_id), START + 100 * DAY
    )
    assert (look.closed, look.quiet, look.again_at) == (True, False, None)


async def test_who_sends_again_is_watched_again(door: Door) -> None:
    referral_id = await door.refer()
    source_id = door.referral(referral_id).received.source_id
    await leaves(door)
    again = referral_event(
        external="R-9", at=START + 30 * DAY, patient={"family_name": "Later", "phone": None}
    )
    await door.tell(again)
    with door.store.read() as session:
        assert not sources.history(session, ORG, source_id).left


async def test_an_old_form_that_names_them_names_the_successor(door: Door) -> None:
    await door.refer()
    await leaves(door, successor=COLLEAGUE)
    later = await door.refer(external="R-9", at=START + 30 * DAY, patient={"family_name": "Later"})
    received = door.referral(later).received
    successor = provider(door, OTHER).id
    assert (received.certifier_id, received.recipients) == (successor, (successor,))
    assert not received.order_signed_and_dated, "the order is not the successor's"


async def test_who_moved_and_sends_from_there_certifies_again(door: Door) -> None:
    await door.refer()
    await leaves(door)
    moved = {"practice": "Hilltop Clinic", "fax": "(518) 555-0177"}
    later = await door.refer(
        external="R-9", at=START + 30 * DAY, source=moved, patient={"family_name": "Later"}
    )
    assert door.referral(later).received.certifier_id == provider(door, RUIZ).id


# --- naming somebody by hand ----------------------------------------------------------------------


def decide(door: Door, referral_id: str, **more: Any) -> CertifierNamed:
    content = {"kind": "certifier_named", "by": "dana", **more}
    read = door.intake.read_decision(ORG, referral_id, content)
    assert isinstance(read, CertifierNamed)
    return read


async def test_a_person_names_who_certifies_known_or_new(door: Door) -> None:
    referral_id = await door.refer(source={"kind": "self", "npi": None, "name": "Jo"})
    new = decide(door, referral_id, provider=COLLEAGUE)
    assert (new.provider_id, new.instead_of, new.may_certify) == (
        provider(door, OTHER).id,
        None,
        True,
    )
    assert decide(door, referral_id, provider_npi=OTHER).provider_id == new.provider_id
    assert decide(door, referral_id, provider_id=new.provider_id).provider_id == new.provider_id
    door.write(referral_id, new)
    again = decide(door, referral_id, provider_npi=OTHER)
    assert again.instead_of is None, "the same one again: the plan goes to nobody twice"
    third = decide(door, referral_id, provider={**COLLEAGUE, "npi": RUIZ, "name": "Ana Ruiz"})
    assert third.instead_of == new.provider_id


async def test_what_only_we_can_know_is_never_believed(door: Door) -> None:
    referral_id = await door.refer()
    chiropractor = {"name": "Cy Ro", "credential": "DC", "fax": "(518) 555-0188"}
    named = decide(
        door, referral_id, provider=chiropractor, may_certify=True, instead_of="prv_none"
    )
    assert not named.may_certify
    assert named.instead_of == door.referral(referral_id).received.certifier_id


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ({}, "invalid_decision"),
        ({"provider_npi": "12"}, "invalid_decision"),
        ({"provider_npi": OTHER}, "unknown_provider"),
        ({"provider_id": "prv_other"}, "unknown_provider"),
        ({"provider": {"fax": "1"}}, "invalid_decision"),
        ({"provider": COLLEAGUE, "by": "nobody"}, "unknown_staff"),
    ],
)
async def test_who_cannot_be_found_is_the_senders_to_say(
    door: Door, content: dict[str, Any], code: str
) -> None:
    referral_id = await door.refer()
    with pytest.raises(BadRequest) as refused:
        decide(door, referral_id, **content)
    assert refused.value.code == code
