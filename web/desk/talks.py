"""What the pages of ``/conversations`` show: the list, and one thread with its form."""

from __future__ import annotations

from typing import Any

from activities.intake import Intake
from activities.letters import printed
from models.coming import coming
from models.errors import NotFound
from models.ids import new_id
from models.sending import Hold
from models.texting import LONGEST
from store import consent, contacts, conversations, replies
from store.tables import ConsentState, PatientRow, ReferralRow, ThreadRow
from web.desk.compose import CANNED, LONGEST_WAIT
from web.desk.door import Desk, Viewer
from web.desk.moving import today
from web.desk.queue import name_of
from web.desk.talk import bubbles, name, why_not


class Talks:
    """Reads threads for a viewer."""

    def __init__(self, desk: Desk, intake: Intake) -> None:
        self.desk = desk
        self._intake = intake
        self._writing = intake.writing

    def listed(self, viewer: Viewer) -> dict[str, Any]:
        """What the list shows."""
        with self.desk.store.read() as session:
            rows = conversations.threads(session, viewer.org, viewer.clinics)
            phones = [row.phone for row in rows]
            people = conversations.people(session, viewer.org, phones, viewer.clinics)
            newest = conversations.latest(session, viewer.org, phones)
        lines = [
            {
                "thread": row,
                "who": self._who(viewer, people[row.phone]),
                "owner": self._name(viewer, row.owner),
                "unread": conversations.waits(row),
                "last": newest.get(row.phone),
            }
            for row in rows
        ]
        zone = self.desk.home(viewer).zone
        return {"lines": lines, "zone": zone}

    def thread(self, viewer: Viewer, thread_id: str) -> ThreadRow:
        """One thread of the viewer's; raises NotFound as if there were none."""
        with self.desk.store.read() as session:
            return conversations.thread(session, viewer.org, thread_id, viewer.clinics)

    def told(self, viewer: Viewer, thread: ThreadRow) -> dict[str, Any]:
        """What the page of one thread shows."""
        org, now = viewer.org, self.desk.clock()
        tenant = self.desk.tenants.get(org)
        with self.desk.store.read() as session:
            received = replies.thread(session, org, thread.phone)
            sent = conversations.outgoing(session, org, thread.phone)
            found = conversations.people(session, org, [thread.phone], viewer.clinics)
            on = list(conversations.referrals_on(session, org, thread.phone, viewer.clinics))
            wish = consent.current(session, org, thread.phone)
            dead = consent.is_dead(session, org, thread.phone)
        people = found[thread.phone]
        on = vouched_for(on)
        about = on[0] if on else None
        verdict = self._writing.may_leave(org, about.id, thread.phone) if about else None
        clinics = {one.id: one for one in tenant.organization.clinics}
        clinic = clinics[about.clinic_id] if about else self.desk.home(viewer)
        language = people[0].language if people and people[0].language in CANNED else "en"
        staff = {one.id: one.name for one in tenant.staff}
        colleagues = [
            one
            for one in tenant.staff
            if set(one.clinics) & set(viewer.clinics)
            and one.id not in {viewer.staff_id, thread.owner}
        ]
        return {
            "thread": thread,
            "who": self._who(viewer, people),
            "texts": bubbles(received, sent, staff),
            "referrals": on,
            "about": about,
            "zone": clinic.zone,
            "opted_out": wish
            if wish is not None and wish.state == ConsentState.OPTED_OUT
            else None,
            "opted_in": wish if wish is not None and wish.state == ConsentState.OPTED_IN else None,
            "dead": dead,
            "cannot": why_not(verdict) if verdict is not None else "",
            "vouched": about is not None and about.confirmed,
            "hold": verdict if isinstance(verdict, Hold) else None,
            "waiting": conversations.waits(thread),
            "coming": self._coming(viewer, on),
            "name": name,
            "canned": [
                (title, words.format(phone=printed(clinic.phone), address=clinic.address))
                for title, words in CANNED[language]
            ],
            "language": language,
            "owner": self._name(viewer, thread.owner),
            "mine": thread.owner == viewer.staff_id,
            "colleagues": colleagues,
            "longest": LONGEST,
            "nonce": new_id("txn"),
            "words": "",
            "sure": "",
            "chosen": "",
            "form": {},
            "today": today(now, clinic.zone),
            "last_day": today(now + LONGEST_WAIT, clinic.zone),
            "sorry": "",
            "said": "",
        }

    def of_referral(self, viewer: Viewer, referral_id: str) -> ThreadRow:
        """The thread of a referral's patient, made unless there is one; raises NotFound."""
        now = self.desk.clock()
        with self.desk.store.write() as session:
            row = self._intake.record.card(viewer.org, referral_id)
            if not viewer.sees(row.clinic_id):
                raise NotFound("There is no such referral.")
            today = self.desk.tenants.calendar(viewer.org, now, row.clinic_id).local_date(now)
            to = contacts.contact(session, viewer.org, row.referral_id, "patient", on=today)
            if not to.phone:
                raise NotFound(
                    "There is no number for this patient; correct the referral first.",
                    code="no_number",
                )
            return conversations.thread_of(session, viewer.org, to.phone, now)

    # --- inside -----------------------------------------------------------------------------------

    def _coming(self, viewer: Viewer, on: list[ReferralRow]) -> list[tuple[ReferralRow, Any]]:
        found: list[tuple[ReferralRow, Any]] = []
        for row in on:
            referral = self._intake.record.referral(viewer.org, row.id)
            rules = self._intake.record.rules(viewer.org, row.id)
            found += [(row, one) for one in coming(referral, rules)]
        return found

    def _who(self, viewer: Viewer, people: list[PatientRow]) -> str:
        return ", ".join(dict.fromkeys(name_of(viewer, one) for one in people)) or "Unknown number"

    def _name(self, viewer: Viewer, staff_id: str | None) -> str | None:
        person = self.desk.staff(viewer.org, staff_id) if staff_id else None
        return person.name if person else staff_id


def vouched_for(on: list[ReferralRow]) -> list[ReferralRow]:
    """By which referrals a number is written to: those a person has confirmed, if any is."""
    return [row for row in on if row.confirmed] or on
