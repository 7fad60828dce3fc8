"""A clinic's post office for tests: a real store, the example clinic, vendors that can break."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from activities.post import Post
from activities.tenants import Tenants
from integrations.contract import Accepted
from integrations.outbox import Outbox
from models.contracts import Answer, Parcel, Receipt, ReceiptState, SendInput, Sent
from models.document_samples import DISCHARGE_SUMMARY, PLAN_OF_CARE, PROGRESS_REPORT
from models.errors import CannotTell
from models.events import NewReferral
from models.facts import (
    AnyFact,
    EvaluationCompleted,
    PlanOfCareSigned,
    ReferralReceived,
    Signer,
)
from models.ids import new_id
from models.kinds import Kind
from models.policy import Office as OfficePolicy
from models.policy_file import OrganizationPolicy, load
from models.referral import Referral
from store import documents, people, post, sent_letters, settling
from store.engine import Store
from store.record import Record
from store.tables import DeliveryRow, MessageRow

EXAMPLE = Path(__file__).parents[2] / "clinics" / "example.toml"
ORG, CLINIC = "riverside", "east"
MONDAY = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)  # 10:00 in Albany
WALL = datetime(2026, 3, 2, 15, 0, 1, tzinfo=UTC)
PHONE, FAX = "+15185550150", "+15185550160"
MAIL, PATIENT_MAIL = "office@example.org", "jordan@example.org"

NO_COMPANY = OfficePolicy.model_validate({"bundle": "0 bh"})

PATIENT: dict[str, Any] = {
    "given_name": "Jordan Lee",
    "family_name": "Sentinel",
    "born": date(1961, 1, 4),
    "phone": PHONE,
    "email": PATIENT_MAIL,
    "state": "NY",
}
SOURCE: dict[str, Any] = {
    "npi": "1234567893",
    "name": "Ana Ruiz",
    "credential": "MD",
    "practice": "Lakeside Family Medicine",
    "fax": FAX,
    "email": MAIL,
}


class Crash(BaseException):
    """The process dies here; no handler of ours may catch it."""


class Vendor:
    """An outbox that counts acceptances and can be made to break at any point.

    ``before`` and ``after`` are raised before and after the vendor has taken the parcel, one for
    each send; ``knows`` False makes it a vendor that cannot look a message up.
    """

    def __init__(self, inner: Outbox, *, knows: bool = True, delivers: bool = True) -> None:
        self.inner = inner
        self.knows = knows
        self.delivers = delivers
        self.before: list[BaseException] = []
        self.after: list[BaseException] = []
        self.accepted: list[Parcel] = []
        self.asked: list[str] = []
        self.say: dict[str, Receipt] = {}

    def send(self, parcel: Parcel) -> Accepted:
        if self.before:
            raise self.before.pop(0)
        accepted = self.inner.send(parcel)
        self.accepted.append(parcel)
        if self.after:
            raise self.after.pop(0)
        return accepted.model_copy(update={"delivered": self.delivers})

    def find(self, sent: Sent) -> Receipt | None:
        reference = sent.reference
        self.asked.append(reference)
        if not self.knows:
            raise CannotTell("this vendor keeps no list")
        if reference in self.say:
            return self.say[reference]
        found = self.inner.find(sent)
        state = ReceiptState.DELIVERED if self.delivers else ReceiptState.ACCEPTED
        return found.model_copy(update={"state": state}) if found else None


class Office:
    """Everything a test of sending needs, with one referral on record.

    Letters to one fax line do not wait for company here, unless the policy given says so.
    """

    def __init__(self, store: Store, folder: Path, **policy: Any) -> None:
        self.store = store
        self.record = Record(store)
        self.tenant = _tenant({"office": NO_COMPANY} | policy)
        self.tenants = Tenants([self.tenant])
        self.fax = Vendor(Outbox(folder / "fax", "fax"))
        self.sms = Vendor(Outbox(folder / "sms", "sms"))
        self.email = Vendor(Outbox(folder / "email", "email"))
        self.clients: dict[Any, Any] = {
            ("fax", "outbox"): self.fax,
            ("sms", "outbox"): self.sms,
            ("email", "outbox"): self.email,
        }
        self.wall = WALL
        self.referral_id = ""

    @property
    def post(self) -> Post:
        """A fresh Post, as a worker that has just started would have."""
        return Post(self.store, self.tenants, self.clients, lambda: self.wall, pause=self.pass_by)

    def pass_by(self, seconds: float) -> None:
        """Time goes on, on the wall."""
        self.wall += timedelta(seconds=seconds)

    def receive(self, *, at: datetime = MONDAY, **changes: Any) -> str:
        """A referral from a provider who certifies and hears the reports."""
        fact_changes = changes.pop("fact", {})
        new = NewReferral.model_validate(
            {
                "patient": PATIENT | changes.pop("patient", {}),
                "source": SOURCE | changes.pop("source", {}),
                **changes,
            }
        )
        with self.store.write() as session:
            all_of_them = people.everyone(session, ORG, new, at=at, today=at.date())
            certifier = all_of_them.certifier
            row = self.record.create(
                session,
                org=ORG,
                clinic_id=CLINIC,
                patient_id=all_of_them.patient.id,
                source_id=all_of_them.source.id,
                received_at=at,
                rules=self.tenants.rules(ORG, CLINIC, at),
                recorded_at=self.wall,
                referral_id=new_id("ref"),
            )
            fact = ReferralReceived(
                at=at,
                as_of=at,
                confirmed_at=at,
                source_id=all_of_them.source.id,
                source_kind=new.source.kind,
                certifier_id=certifier.id if certifier else None,
                recipients=(certifier.id,) if certifier else (),
                **fact_changes,
            )
            self.record.write_in(session, ORG, row.id, fact, recorded_at=self.wall)
        self.referral_id = row.id
        self.certifier_id = certifier.id if certifier else ""
        self.source_id = all_of_them.source.id
        return row.id

    def another_source(self, **changes: Any) -> str:
        """Somebody else who sent the same patient, by the id of their source."""
        new = NewReferral.model_validate({"patient": PATIENT, "source": SOURCE | changes})
        with self.store.write() as session:
            found = people.everyone(session, ORG, new, at=MONDAY, today=MONDAY.date())
            return found.source.id

    def tell(self, *facts: AnyFact) -> None:
        """More facts about the referral."""
        self.record.write(ORG, self.referral_id, *facts, recorded_at=self.wall)

    def put(self, kind: str, **what: Any) -> str:
        """A clinical document on file; its id."""
        with self.store.write() as session:
            return documents.put(
                session, org=ORG, kind=kind, at=MONDAY, referral_id=self.referral_id, **what
            ).id

    def plan_signed(self, at: datetime = MONDAY, **changes: Any) -> None:
        """Evaluated, and the therapist has signed the plan; with its fields unless told."""
        document_id = changes.pop("document_id", "")
        if document_id == "":
            document_id = self.put("plan_of_care", content=plan_fields())
        self.tell(
            EvaluationCompleted(at=at, as_of=at, day=at.date()),
            PlanOfCareSigned(
                at=at, as_of=at, by=Signer.THERAPIST, document_id=document_id, **changes
            ),
        )

    def send(
        self, kind: Kind, to: str, occasion: str = "1", *, at: datetime = MONDAY, rung: int = 0
    ) -> Answer:
        """One turn of the crank."""
        return self.post.turn(self.given(kind, to, occasion, rung), at)

    def given(self, kind: Kind, to: str, occasion: str = "1", rung: int = 0) -> SendInput:
        """The input of one turn."""
        return SendInput(
            org=ORG,
            clinic_id=CLINIC,
            referral_id=self.referral_id,
            kind=kind,
            to=to,
            occasion=occasion,
            rung=rung,
        )

    @property
    def referral(self) -> Referral:
        """Everything known."""
        return self.record.referral(ORG, self.referral_id)

    def deliveries(self) -> Sequence[DeliveryRow]:
        """Every delivery, the CRM's left out."""
        with self.store.read() as session:
            rows = post.deliveries_of(session, self.referral_id)
            return [row for row in rows if row.channel != "crm"]

    def touches(self) -> Sequence[DeliveryRow]:
        """The CRM's rows."""
        with self.store.read() as session:
            rows = post.deliveries_of(session, self.referral_id)
            return [row for row in rows if row.channel == "crm"]

    def messages(self) -> Sequence[MessageRow]:
        """Every message."""
        with self.store.read() as session:
            return post.messages_of(session, self.referral_id)

    def duplicates(self) -> int:
        """How many messages a vendor accepted twice on one rung."""
        with self.store.read() as session:
            return settling.duplicate_sends(session)


def plan_fields() -> dict[str, Any]:
    """What the store keeps of a plan that came as fields."""
    return PLAN_OF_CARE.model_dump(mode="json", include={"plan", "update"})


def report_fields() -> dict[str, Any]:
    """What the store keeps of a progress report."""
    return _clinical(PROGRESS_REPORT)


def summary_fields() -> dict[str, Any]:
    """What the store keeps of a discharge summary."""
    return _clinical(DISCHARGE_SUMMARY)


def _clinical(document: Any) -> dict[str, Any]:
    ours = {"letterhead", "to", "sender", "document_id", "version", "dated", "language"}
    return document.model_dump(mode="json", exclude=ours | {"patient", "return_code"})


def _tenant(policy: dict[str, Any]) -> OrganizationPolicy:
    given = load(EXAMPLE)
    changed = given.policy.model_copy(update=policy)
    return given.model_copy(update={"policy": changed})


def kept_page(office: Office, delivery_id: str) -> bytes | None:
    """The pages of a delivery as they went out."""
    with office.store.read() as session:
        return sent_letters.find(session, delivery_id)
