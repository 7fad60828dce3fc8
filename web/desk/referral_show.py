"""What a referral's page shows: what it is, what happened, what is next, what its forms need."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, NamedTuple
from urllib.parse import quote

from activities.letters import printed
from models import certification, dues, duty, holds
from models.attribution import ASKED, Heard
from models.facts import AppointmentBooked
from models.ids import referral_workflow_id
from models.moves import TITLES, Seen, undoable
from models.referral import Referral, Stage
from models.tasks import SPECS, kind_of
from store import story
from store.contacts import Contact
from store.report.shape import HEARD
from store.story import Story
from web.desk import acts, deeds, sent, timeline
from web.desk.cards import age_band, payer_words, urgency_words, words
from web.desk.door import Desk, Viewer
from web.desk.moving import Mover, choices, today
from web.desk.subject import Subject
from web.pages import Here, birthday, moment, until


class Step(NamedTuple):
    """One thing that comes next."""

    says: str
    whose: str
    when: str
    due: str
    late: bool


class Pages:
    """Builds the page of one referral."""

    def __init__(self, desk: Desk, mover: Mover) -> None:
        self.desk = desk
        self._mover = mover

    def show(self, viewer: Viewer, referral_id: str, query: Mapping[str, str]) -> dict[str, Any]:
        """Everything the template says; raises NotFound for another clinic's."""
        subject = self._mover.subjects.find(viewer, referral_id)
        card, zone = subject.card, subject.zone
        with self.desk.store.read() as session:
            known = story.read(session, viewer.org, card.referral_id)
        tenant = self.desk.tenants.get(viewer.org)
        staff = {one.id: one.name for one in tenant.staff}
        named = viewer.named
        now = self.desk.clock()
        return {
            "subject": subject,
            "referral_id": card.referral_id,
            "name": subject.name(named=named),
            "named": named,
            "title": TITLES[Stage(card.stage)],
            "head": _head(subject, known.referral, staff, now, named=named),
            "next": _next(known, zone, now),
            "lines": timeline.entries(known, Here(zone, now), staff),
            "sent": [sent.line(one, zone, now) for one in known.messages],
            "papers": [
                (one.document_id, words(one.kind).capitalize(), moment(one.created_at, zone, now),
                 one.has_pdf)
                for one in known.papers
            ],
            "faxes": known.faxes,
            "engine": self._engine(viewer.org, card.referral_id),
            **self._forms(viewer, subject, known.referral, now),
            "choices": choices(card.stage, confirmed=card.confirmed),
            "chosen": "",
            "form": {},
            "trouble_at": "",
            "trouble": "",
            "done": _done(known, query.get("fact", "")),
            "fact": query.get("fact", ""),
            "plain": True,
        }  # fmt: skip

    def _forms(
        self, viewer: Viewer, subject: Subject, referral: Referral, now: datetime
    ) -> dict[str, Any]:
        """What the forms need: who and where else, what stands, what is on file."""
        tenant = self.desk.tenants.get(viewer.org)
        here = [one for one in tenant.staff if subject.card.clinic_id in one.clinics]
        booked = referral.appointment()
        paused = holds.pause(referral)
        standing = [
            (one.hold_id, holds.WORDS[one.reason], moment(one.since, subject.zone, now))
            for one in holds.standing(referral)
        ]
        return {
            "seen": str(Seen.of(subject.card)),
            "confirmed": subject.card.confirmed,
            "today": today(now, subject.zone),
            "over": referral.over(),
            "colleagues": [(one.id, one.name) for one in here],
            "sisters": [
                (one.id, one.name)
                for one in tenant.organization.clinics
                if one.id != subject.card.clinic_id
            ],
            "booked": _booked(booked, subject.zone, now),
            "holds": standing,
            "paused": paused is not None and paused.until > now,
            "hold_reasons": acts.HOLDS,
            "hold_ends": acts.HOLD_ENDS,
            "owners": acts.OWNERS,
            "rejected": acts.REJECTED,
            "declined": deeds.DECLINED,
            "ways": HEARD,
            "details": [(name, label, on_file(subject)[name]) for name, label in PATIENT],
        }

    def _engine(self, org: str, referral_id: str) -> str:
        """Where the Temporal UI shows its timeline; empty where no UI is known."""
        if not self.desk.ui:
            return ""
        where = quote(referral_workflow_id(org, referral_id), safe="")
        namespace = quote(self.desk.settings.temporal_namespace, safe="")
        return f"{self.desk.ui.rstrip('/')}/namespaces/{namespace}/workflows/{where}"


PATIENT = (*acts.PATIENT.items(), *ASKED.items())


def on_file(subject: Subject) -> dict[str, str]:
    """The patient's details as a form has them."""
    return {
        "given_name": subject.given_name,
        "family_name": subject.family_name,
        "born": subject.born.isoformat(),
        "phone": subject.phone or "",
        "email": subject.email or "",
        "language": subject.language,
        "heard": subject.heard or "",
        "campaign": subject.campaign or "",
    }


def _head(
    subject: Subject, r: Referral, staff: Mapping[str, str], now: datetime, *, named: bool
) -> list[tuple[str, str]]:
    """The facts on top of the page: what each is called, and what it is."""
    card, zone = subject.card, subject.zone
    plan, asked = r.plan() is not None, r.booking_request()
    told: list[tuple[str, str]] = [
        ("Age", _age(subject.born, now.date(), named=named)),
        ("Urgency", urgency_words(subject.urgency)),
        ("Payer", payer_words(card.payer) if card.payer else ""),
        *_office("Sent by", subject.sender, named=named),
        *(_office("Certified by", subject.certifier, named=named) if subject.certifier else ()),
        ("Heard of us", HEARD[Heard(subject.heard)] if subject.heard else ""),
        ("Campaign", subject.campaign or ""),
        ("Clinic", subject.clinic),
        ("In the hands of", staff.get(card.in_hands_of or "", "")),
        ("Phone", (printed(subject.phone) if subject.phone else "none on file") if named else ""),
        ("Guardian", (subject.guardian or "") if named else ""),
        ("Language", {"en": "English", "es": "Spanish"}.get(subject.language, subject.language)),
        ("Evaluation", moment(card.evaluation_at, zone, now) if card.evaluation_at else ""),
        ("Asked for", moment(asked.starts_at, zone, now) if asked is not None else ""),
        ("Plan of care", words(certification.state(r)).capitalize() if plan else ""),
        ("Closed", words(card.closed_reason)),
    ]
    return [(label, value) for label, value in told if value]


def _office(what: str, who: Contact, *, named: bool) -> list[tuple[str, str]]:
    """Somebody we call or write to about a referral, and the numbers that reach them."""
    practice = f", {who.practice}" if who.practice not in {None, who.name} else ""
    told = [(what, f"{who.name}{practice}")]
    if named and who.phone:
        told.append((f"{what}: phone", printed(who.phone)))
    if named and who.fax:
        told.append((f"{what}: fax", printed(who.fax)))
    return told


def _age(born: date, today: date, *, named: bool) -> str:
    band = age_band(born, today)
    return f"{band}, born {birthday(born)}" if named else band


def _next(known: Story, zone: str, now: datetime) -> list[Step]:
    """What people must do, then what is promised, each by its date."""
    steps = [
        (
            task.due,
            Step(
                says=known.asked.get(task.task) or SPECS[kind_of(task.task)].says,
                whose=_whose(known.referral, task.task, task.role, now),
                when=moment(task.due, zone, now),
                due=until(task.due, now),
                late=task.due < now,
            ),
        )
        for task in known.referral.open_tasks()
    ]
    for due in dues.ahead(known.referral, known.rules, now):
        whose = f"then it is the {words(due.owner)}’s" if due.owner else "by itself"
        late = due.at < now
        steps.append(
            (due.at, Step(due.says, whose, moment(due.at, zone, now), until(due.at, now), late))
        )
    return [step for _, step in sorted(steps, key=lambda one: one[0])]


def _whose(r: Referral, task: str, role: str, now: datetime) -> str:
    raised, held = duty.raised_to(r, task), duty.lease(r, task)
    whose = words(role) + (f", now also the {words(raised)}" if raised else "")
    return whose + (f" ({held.who} has it)" if held is not None and held.stands(now) else "")


def _booked(booked: AppointmentBooked | None, zone: str, now: datetime) -> tuple[str, str] | None:
    if booked is None:
        return None
    return booked.appointment_id, moment(booked.starts_at, zone, now)


def _done(known: Story, fact: str) -> tuple[str, bool] | None:
    """What was done just now, and whether it can be taken back."""
    r = known.referral
    found = next((one for one in r.facts if one.key == fact and not one.retracted), None)
    if found is None:
        return None
    return words(found.kind).capitalize(), undoable(
        r, fact, (one.fact for one in known.told)
    ) is None
