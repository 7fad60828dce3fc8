"""A person's word for a fax goes on by itself, and once, whatever is away when it is given."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from activities.book import Book
from activities.fax_desk import FaxDesk
from activities.fax_events import said_of
from activities.fax_reading import FaxReading
from activities.loop import Decided
from models.contracts import RecordInput
from models.errors import BadRequest, EngineUnavailable, Refused, StoreUnavailable
from models.facts import AnyDecision, PlanOfCareReturned, PlanOfCareSigned, RequestConfirmed, Signer
from models.fax import FaxKind, PartState
from models.fax_pages import PageText, Reading
from store.engine import Store
from store.tables import FaxPartRow, InboxRow, PatientRow, ReferralRow
from tests.activities.test_fax_intake import Mailroom
from tests.doors import ORG, START
from tests.faxes.cases import case
from tests.faxes.score import kept

SAID = {
    "patient.given_name": "Ann",
    "patient.family_name": "Example",
    "patient.born": "1970-02-03",
    "patient.phone": "518-555-0150",
    "source.name": "Ana Ruiz",
    "insurance": "Medicare Part B",
}
SHORT = "PHYSICAL THERAPY REFERRAL\nPatient Name: Ann Example\nEvaluate and treat"


class Room(Mailroom):
    """A desk whose engine and record can be away; decisions are written as a worker would."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.desk = FaxDesk(self.door.intake)
        book = Book(store, self.door.tenants, lambda: self.door.now, self.door.intake.loop)

        async def decide(org: str, referral_id: str, decision: AnyDecision) -> Decided:
            if self.engine.down:
                raise EngineUnavailable("The engine is away.")
            book.note(RecordInput(org=org, referral_id=referral_id, facts=(decision,)))
            return Decided("done")

        self.door.intake.loop.decide = decide

    async def faxed(self, reading: Reading) -> FaxPartRow:
        self.faxes.reading = FaxReading(
            self.store, self.door.tenants, lambda: START, lambda *_: reading
        )
        await self.through(b"%PDF-1")
        return self.part()

    async def short(self) -> FaxPartRow:
        """One that lacks what a referral needs."""
        page = PageText(number=1, text=SHORT, source="text", quality=100)
        return await self.faxed(Reading(pages=(page,), count=1))

    async def confirm(self, by: str = "dana", **said: str) -> Decided:
        part = self.part()
        self.door.now += timedelta(minutes=1)
        values = {**SAID, **{name.replace("__", "."): value for name, value in said.items()}}
        return await self.desk.confirm(ORG, part.id, part.version, by, values)

    def part(self) -> FaxPartRow:
        [part] = self.rows(FaxPartRow)
        assert isinstance(part, FaxPartRow)
        return part

    def events(self) -> list[InboxRow]:
        return [row for row in self.rows(InboxRow) if row.origin == "fax"]

    def confirmed(self) -> list[RequestConfirmed]:
        [row] = self.rows(ReferralRow)
        return list(self.door.referral(row.id).all(RequestConfirmed))

    def name(self) -> tuple[str, str]:
        [patient] = self.rows(PatientRow)
        return patient.family_name, patient.phone


@pytest.fixture
def room(store: Store) -> Room:
    return Room(store)


def away(room: Room, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Nothing can be written into the record."""

    def apply(*_: Any) -> None:
        raise StoreUnavailable("The store is away.")

    monkeypatch.setattr(room.door.intake._apply, "apply", apply)
    return monkeypatch


async def test_with_the_engine_away_a_press_is_enough(room: Room) -> None:
    await room.short()
    room.engine.down = True
    assert (await room.confirm()).state == "pending"
    assert room.part().state == PartState.LEAD
    assert room.confirmed() == []
    assert await room.vouching.finish_left() == 1  # still away
    room.engine.down = False
    assert await room.vouching.finish_left() == 1
    assert await room.vouching.finish_left() == 0
    [word] = room.confirmed()
    assert (word.by, word.corrected) == ("dana", ())
    assert len(room.events()) == 1


async def test_with_the_record_away_a_press_is_enough(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    await room.short()
    with monkeypatch.context() as broken:
        away(room, broken)
        assert (await room.confirm()).state == "pending"
        assert room.part().state == PartState.OPEN
        assert await room.vouching.finish_left() == 1
    assert await room.vouching.finish_left() == 1
    assert room.part().state == PartState.LEAD
    [word] = room.confirmed()
    assert word.by == "dana"
    assert len(room.events()) == len(room.rows(ReferralRow)) == 1
    assert await room.vouching.finish_left() == 0


async def test_the_workflow_alone_takes_it_into_the_record(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    part = await room.short()
    start = await room.through(b"%PDF-1")
    with monkeypatch.context() as broken:
        away(room, broken)
        await room.confirm()
        standing = await room.faxes.look(start, START)
        assert (standing.open, standing.settled) == (1, False)
    assert (await room.faxes.look(start, START)).settled
    assert (room.part().id, room.part().settled_by) == (part.id, "dana")


async def test_a_second_press_with_other_words_makes_no_second_event_and_loses_none(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    await room.short()
    with monkeypatch.context() as broken:
        away(room, broken)
        await room.confirm(patient__family_name="Exampel")
    room.engine.down = True
    other = {"patient__phone": "518-555-0151"}
    assert (await room.confirm("lee", **other)).state == "pending"
    assert (await room.confirm("lee")).state == "pending"  # the first number was right after all
    room.engine.down = False
    await room.vouching.finish_left()
    assert len(room.events()) == len(room.rows(ReferralRow)) == 1
    assert room.name() == ("Example", "+15185550150")
    [word] = room.confirmed()
    assert "patient.family_name" in word.corrected


async def test_what_was_corrected_of_a_lead_stands_and_is_told_later(room: Room) -> None:
    part = await room.faxed(kept(case("letter-tiff98-clean")))
    assert part.state == PartState.LEAD
    with room.store.read() as session:
        read = said_of(session, part)
    said = {**read, "patient.family_name": "Oyelaran"}
    assert read["patient.family_name"] == "Oyclaran"
    room.engine.down = True
    done = await room.desk.confirm(ORG, part.id, part.version, "dana", said)
    assert done.state == "pending"
    with room.store.read() as session:
        assert said_of(session, room.part()) == said  # what the form shows from now on
    room.engine.down = False
    assert await room.vouching.finish_left() == 1
    [word] = room.confirmed()
    assert (word.by, word.corrected) == ("dana", ("patient.family_name",))
    assert room.name()[0] == "Oyelaran"


async def test_a_process_that_died_between_the_word_and_the_inbox_loses_nothing(
    room: Room,
) -> None:
    part = await room.short()
    room.desk._take_in(ORG, part.id, part.version, "dana", SAID)
    assert room.events() == []
    assert await room.vouching.finish_left() == 1
    assert [word.by for word in room.confirmed()] == ["dana"]


async def test_what_cannot_be_is_the_persons_again_and_not_the_chores(room: Room) -> None:
    await room.short()
    with pytest.raises(BadRequest):
        await room.confirm(patient__born="2070-02-03")
    assert await room.vouching.finish_left() == 0
    assert room.part().state == PartState.OPEN
    assert (await room.confirm()).state == "done"
    assert [word.by for word in room.confirmed()] == ["dana"]


async def test_while_it_is_on_its_way_nothing_else_can_be_made_of_it(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    await room.short()
    with monkeypatch.context() as broken:
        away(room, broken)
        await room.confirm()
    part = room.part()
    at = (ORG, part.id, part.version, "dana")
    for act in (
        room.desk.call_it(*at, FaxKind.QUESTION),
        room.desk.put_away(*at, PartState.JUNK),
        room.desk.attach(*at, "ref_none"),
        room.desk.divide(*at, 1),
    ):
        with pytest.raises(Refused) as refused:
            await act
        assert refused.value.code == "on_its_way"


async def test_a_plan_put_with_its_referral_goes_on_by_itself(
    room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    referral_id = await room.door.refer()
    room.door.write(
        referral_id, PlanOfCareSigned(at=START, as_of=START, by=Signer.THERAPIST, version=1)
    )
    page = PageText(number=1, text="PLAN OF CARE\nI certify the plan of care", source="text")
    part = await room.faxed(Reading(pages=(page,), count=1))
    assert part.kind == FaxKind.RETURNED_PLAN
    with monkeypatch.context() as broken:
        away(room, broken)
        assert not await room.desk.attach(ORG, part.id, part.version, "dana", referral_id)
    assert await room.vouching.finish_left() == 1
    part = room.part()
    assert (part.state, part.referral_id, part.settled_by) == ("attached", referral_id, "dana")
    assert room.door.referral(referral_id).all(PlanOfCareReturned)
    assert len(room.events()) == 1
