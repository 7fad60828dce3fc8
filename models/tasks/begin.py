"""What is asked when a referral comes in: whose it is, who speaks for whom, is it thanked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.facts import CoSourceAdded, MessageSent, OrderReceived
from models.kinds import Kind
from models.roles import Role
from models.tasks.base import TaskKind, TaskSpec, base_of, task_key

if TYPE_CHECKING:
    from models.referral import Referral


def _verified(r: Referral, occasion: str) -> bool:
    base = base_of(occasion)
    if base.startswith("co_source:"):
        other = base.partition(":")[2]
        known = any(one.verified for one in r.all(CoSourceAdded) if one.source_id == other)
        return r.over() or known
    # Other occasions name a detail of the request that a person looks up (an NPI, a number).
    return base == "1" and (r.over() or (r.is_received() and r.received.source_verified))


def _thanked(r: Referral, occasion: str) -> bool:
    base = base_of(occasion)  # the first source's, or the message that a further one is owed
    if base != "1":
        return r.died() or r.knows(f"sent:{base}")
    thanks = (Kind.THANK_YOU, Kind.THANK_YOU_PAST_PATIENT)
    return r.died() or any(r.knows(f"sent:{kind}:source:1") for kind in thanks)


def _guardian_known(r: Referral, occasion: str) -> bool:
    """A message went to the patient's side since."""
    opened = r.task(task_key(TaskKind.NAME_GUARDIAN, occasion))
    wrote = [sent.at for sent in r.all(MessageSent) if ":patient:" in sent.message]
    return r.over() or (opened is not None and any(at >= opened.at for at in wrote))


def _order_renewed(r: Referral, occasion: str) -> bool:
    """A newer order is on file than the one that has grown old, or care is over."""
    since = occasion.removeprefix("of-")
    orders = [one.at for one in r.all(OrderReceived) if one.signed_and_dated]
    return r.discharged() or r.over() or any(f"{at:%Y%m%d}" > since for at in orders)


SPECS: dict[TaskKind, TaskSpec] = {
    TaskKind.CONFIRM_REQUEST: TaskSpec(
        Role.FRONT_DESK,
        "A machine read this referral from a fax: confirm name, birth date, phone and sender, or "
        "reject it; nobody is contacted until then",
        lambda r, _: r.over() or not r.unconfirmed(),
        urgent=True,
    ),
    TaskKind.VERIFY_SENDER: TaskSpec(
        Role.FRONT_DESK,
        "Confirm who sent this referral; nobody is thanked until then",
        _verified,
        urgent=True,
    ),
    TaskKind.NAME_GUARDIAN: TaskSpec(
        Role.FRONT_DESK,
        "The patient is under 18 and no guardian's number is on file: ask for it, and enter it",
        _guardian_known,
    ),
    TaskKind.ACKNOWLEDGE: TaskSpec(
        Role.LEAD, "Thank the source by phone: no written thank-you went out in time", _thanked
    ),
    TaskKind.ORDER_STALE: TaskSpec(
        Role.FRONT_DESK,
        "The order is older than it may be for the next visits: ask the office for a new one",
        _order_renewed,
    ),
}
