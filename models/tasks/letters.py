"""What is asked about a message: a page is missing, nobody took it, may it go, what it told."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models import telling
from models.facts import MessageHeld
from models.roles import Role
from models.tasks.base import TaskKind, TaskSpec, never, task_key

if TYPE_CHECKING:
    from models.referral import Referral


def _told_or_goes_on(r: Referral, occasion: str) -> bool:
    if telling.tells_of_transfer(occasion):
        return r.over() or telling.transfer_settled(r, occasion)
    return not r.over() or telling.written(r, occasion)


def _went_out(r: Referral, occasion: str) -> bool:
    return r.on_its_way(occasion)


def _let_go(r: Referral, occasion: str) -> bool:
    done = ("approved", "sent", "dropped")
    return r.over() or any(r.knows(f"{how}:{occasion}") for how in done)


def _attached(r: Referral, occasion: str) -> bool:
    return r.over() or _about_settled(r, task_key(TaskKind.ATTACH_DOCUMENT, occasion))


def _channel_mended(r: Referral, occasion: str) -> bool:
    """No message waits any more for what an administrator was asked to mend.

    A step that failed has no message: it waits for a person's word (``workflows.referral.mended``).
    """
    code = occasion.removeprefix("send-").partition("-")[2][:60]
    waits = any(held.why == code and not _settled(r, held.message) for held in r.all(MessageHeld))
    return not waits and _about_settled(r, task_key(TaskKind.STEP_FAILED, occasion))


def _about_settled(r: Referral, key: str) -> bool:
    """The message it was opened for went out, or is decided not to."""
    opened = r.task(key)
    return opened is not None and opened.about is not None and _settled(r, opened.about)


def _settled(r: Referral, message: str) -> bool:
    back = [one.message for one in r.back()]
    return message not in back and (r.knows(f"sent:{message}") or r.knows(f"dropped:{message}"))


SPECS: dict[TaskKind, TaskSpec] = {
    TaskKind.ATTACH_DOCUMENT: TaskSpec(
        Role.THERAPIST, "Attach the signed document: the event brought none", _attached
    ),
    TaskKind.UNDELIVERABLE: TaskSpec(
        Role.FRONT_DESK, "No channel took this message: reach the recipient by phone", _went_out
    ),
    TaskKind.UNCERTAIN_DELIVERY: TaskSpec(
        Role.FRONT_DESK,
        "It is unknown whether this message went out: ask the recipient before sending again",
        never,
    ),
    TaskKind.APPROVE_MESSAGE: TaskSpec(
        Role.LEAD, "Read this message and let it go, or stop it", _let_go
    ),
    TaskKind.RELEASE_MESSAGE: TaskSpec(
        Role.LEAD,
        "No authorization lets this reader see it: record one, release it yourself, or stop it",
        _let_go,
    ),
    TaskKind.AFTER_CLOSING: TaskSpec(
        Role.LEAD, "Something was told after closing: check whether a letter must follow", never
    ),
    TaskKind.RETRACTED_AFTER_LETTER: TaskSpec(
        Role.LEAD, "A fact was taken back after a letter named it: decide what to tell", never
    ),
    TaskKind.STEP_FAILED: TaskSpec(
        Role.ADMIN, "A step failed and needs a person: the timeline says where", _channel_mended
    ),
    TaskKind.TELL_SOURCE: TaskSpec(
        Role.FRONT_DESK,
        "Tell the source by phone that this referral is closed, or goes on at another clinic, and "
        "as much as it may know of why",
        _told_or_goes_on,
    ),
}
