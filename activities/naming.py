"""Who is meant by a decision that names a provider: found, or made where we have not met them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session

from integrations.emr.problems import validated
from models.errors import BadRequest
from models.events import CertifierIn
from models.facts import CertifierNamed
from models.referral import Referral
from store import lookups, people
from store.tables import ProviderRow

KIND = CertifierNamed.model_fields["kind"].default
_WIRE = frozenset(CertifierIn.model_fields)
_OURS = frozenset({"provider_id", "may_certify", "instead_of"})


def resolved(
    session: Session,
    org: str,
    referral: Referral,
    content: Mapping[str, Any],
    *,
    at: datetime,
    country: str,
) -> dict[str, Any]:
    """A ``certifier_named`` decision as written, with the ids that only the store knows.

    ``provider_id``, ``provider_npi`` or ``provider`` (name, NPI, practice, fax) say who. Twice
    makes nobody twice. Raises BadRequest ``invalid_decision`` where nobody is named, and
    ``unknown_provider`` where we have not met them and cannot: send name and fax as ``provider``.
    """
    told = {name: value for name, value in content.items() if name in _WIRE}
    given = validated(CertifierIn, told, code="invalid_decision")
    who = _provider(session, org, given, at, country)
    stands = referral.received.certifier_id if referral.is_received() else None
    instead = stands if stands != who.id else _instead_of(referral, who.id)
    rest = {name: value for name, value in content.items() if name not in _WIRE | _OURS}
    return {
        **rest,
        "provider_id": who.id,
        "may_certify": people.may_certify_plans(who),
        "instead_of": instead,
    }


def _instead_of(referral: Referral, provider_id: str) -> str | None:
    """As it was told before: naming the same one again sends the plan to nobody twice."""
    named = [one for one in referral.all(CertifierNamed) if one.provider_id == provider_id]
    return named[-1].instead_of if named else None


def _provider(
    session: Session, org: str, given: CertifierIn, at: datetime, country: str
) -> ProviderRow:
    if given.provider is not None:
        return people.provider(session, org, given.provider, "provider", at=at, country=country)
    found = None
    if given.provider_id is not None:
        found = session.get(ProviderRow, given.provider_id)
    elif given.provider_npi is not None:
        found = lookups.provider_by_npi(session, org, given.provider_npi)
    else:
        raise BadRequest(
            "provider_npi: say who certifies, by NPI, by our id (provider_id), or with name and "
            "fax (provider).",
            code="invalid_decision",
            field="provider_npi",
        )
    if found is None or found.org != org:
        raise BadRequest(
            "We have not met this provider; send name, NPI, practice and fax as provider.",
            code="unknown_provider",
            field="provider_npi",
        )
    return found
