"""The words to begin with for a note to a source that has gone quiet; a person sends it, or not."""

from __future__ import annotations

from datetime import datetime

from activities.letters import local, printed
from activities.tenants import Tenants
from activities.wording import render
from models.kinds import Kind
from models.messages import ReEngagement
from models.people import SourceKind
from reports.kit.text import day
from store.tables import SourceRow


def draft(tenants: Tenants, source: SourceRow, now: datetime) -> str | None:
    """A note in the name of whoever the relationship belongs to, never sent by itself.

    None for a past patient, who is never asked for more patients, and for who never sent one
    (policy.md rule 20, §3 re_engagement).
    """
    if source.kind == SourceKind.PAST_PATIENT or source.last_received_at is None:
        return None
    tenant = tenants.get(source.org)
    clinic = tenant.organization.clinics[0]
    owner = next((one.name for one in tenant.staff if one.id == source.owner_id), "")
    context = ReEngagement(
        clinic=clinic.short_name,
        phone=printed(clinic.phone),
        source=source.name,
        writer=owner,
        days_quiet=max(0, (now - source.last_received_at).days),
        last_referral=day(local(source.last_received_at, clinic).date()),
        postal_address=tenant.organization.postal_address,
    )
    return render(Kind.RE_ENGAGEMENT, "crm", "en", context).body
