"""Moving on to another clinic: what is over stays, and nothing moves to where it is."""

from __future__ import annotations

from models.facts import Transferred
from models.referral import Referral
from models.refusals.base import Refusal


def transfer(r: Referral, decision: Transferred) -> Refusal | None:
    """Only while there is something to go on with, and from where the referral is (rule 1).

    Which clinics there are is asked before (``activities.elsewhere``).
    """
    if decision.retracted:
        return Refusal(
            code="transfer_back",
            sentence="A transfer is not taken back, source and patient know of it; "
            "transfer the referral back instead.",
        )
    if r.over():
        return Refusal(code="over", sentence="This referral is over; there is nothing to move.")
    if r.discharged():
        return Refusal(
            code="care_ended",
            sentence="Care has ended; the clinic that gave it writes the letters.",
        )
    before = r.transfer()
    here = before.clinic_id if before is not None else decision.from_clinic_id
    if decision.clinic_id == here:
        return same_clinic()
    if before is not None and decision.from_clinic_id not in {None, here}:
        return Refusal(
            code="moved_meanwhile",
            sentence="Somebody has moved this referral since; look where it is, then decide.",
        )
    since = before.at if before is not None else r.told.at if r.is_received() else decision.at
    if decision.at < since:
        return Refusal(code="too_early", sentence="The referral was not there yet at that moment.")
    return None


def same_clinic() -> Refusal:
    """It is there already."""
    return Refusal(code="same_clinic", sentence="The referral is at this clinic; name another one.")
