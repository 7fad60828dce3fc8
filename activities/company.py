"""What may travel with another message: judged at that moment, as if it went alone.

Letters to one fax line (``activities.fax_line``) and confirmations of one patient's visits
(``activities.visit_words``) go along under the same conditions; each says beyond them what belongs
together. What may not go now is simply left: its own turn sees to it.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlmodel import Session

from activities.judging import channels_left, contact, judged
from activities.letters import Letter
from activities.tenants import Tenants
from activities.turns import Turn
from models import written
from models.contracts import Channel
from models.errors import NotFound
from models.sending import Go
from store import post
from store.contacts import Contact
from store.record import Record
from store.tables import MessageRow, MessageState


class Going(NamedTuple):
    """One message that may leave now, and how."""

    turn: Turn
    row: MessageRow
    rung: int
    channel: Channel
    address: str
    to: Contact
    letter: Letter


class Drawn(NamedTuple):
    """A message that may go along with another one."""

    turn: Turn
    letter: Letter


def along(
    session: Session, record: Record, tenants: Tenants, first: Going, one: Drawn
) -> Going | None:
    """The message on the way of the first one; None for what is settled, overtaken or not free.

    Inside the caller's transaction.
    """
    turn = one.turn
    row = post.find_message(session, turn.given.referral_id, turn.message)
    if row is None or row.state != MessageState.HELD:
        return None
    referral = record.load(session, turn.given.org, turn.given.referral_id)
    if not referral.owed(turn.message) or referral.stopped(turn.message) or referral.over():
        return None
    if written.stopped(referral, turn.message):
        return None
    try:
        to = contact(session, turn)
    except NotFound:
        return None
    channels = channels_left(session, turn.given, referral, to)
    if channels[:1] != [first.channel] or to.address.get(first.channel) != first.address:
        return None
    if not isinstance(judged(session, tenants, turn, referral, to, first.channel), Go):
        return None
    rung = referral.rungs_spent(turn.message)
    return Going(turn, row, rung, first.channel, first.address, to, one.letter)
