"""Numbers that are each fine and contradict one another.

Run when a policy file is read, not when a policy is decoded: a pinned policy must stay readable
after a rule is added here. Every contradiction is found at once, each with the key to look at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from models.hours import Span, Unit
from models.kinds import BY_HAND, Kind
from models.monthly import EVERY
from models.organization import Channels, Organization, Staff, duplicates
from models.policy import Policy
from models.policy.house import COHORTS
from models.roles import Role
from models.shapes import STATES

Path = tuple[str | int, ...]


class Problem(NamedTuple):
    """One thing wrong with a policy file: the key, and a sentence saying what was expected."""

    path: Path
    sentence: str


def contradictions(
    organization: Organization, staff: Sequence[Staff], channels: Channels, policy: Policy
) -> list[Problem]:
    """Everything in these values that cannot hold together, in the order of the file."""
    return [
        *_organization(organization),
        *_staff(organization, staff),
        *_channels(channels),
        *_deadlines(policy),
        *_texting(policy),
        *_steps(policy),
        *_care(policy),
        *_sources(policy),
        *_owners(policy, staff),
    ]


def _organization(organization: Organization) -> Iterator[Problem]:
    if not organization.clinics:
        yield Problem(("clinics",), "expected at least one [[clinics]]")
    for place in duplicates([clinic.id for clinic in organization.clinics]):
        yield Problem(("clinics", place, "id"), "another clinic has this id")
    for place, clinic in enumerate(organization.clinics):
        if clinic.id == EVERY:
            yield Problem(("clinics", place, "id"), "in addresses this stands for all clinics")
        if not clinic.hours:
            yield Problem(("clinics", place, "hours"), "no opening hours on any weekday")


def _staff(organization: Organization, staff: Sequence[Staff]) -> Iterator[Problem]:
    known = {clinic.id for clinic in organization.clinics}
    for place in duplicates([one.id for one in staff]):
        yield Problem(("staff", place, "id"), "another member of staff has this id")
    for place, one in enumerate(staff):
        if not one.clinics:
            yield Problem(("staff", place, "clinics"), "expected at least one clinic")
        for number, clinic_id in enumerate(one.clinics):
            if clinic_id not in known:
                yield Problem(
                    ("staff", place, "clinics", number),
                    f"no clinic has this id; expected one of {', '.join(sorted(known))}",
                )


def _channels(channels: Channels) -> Iterator[Problem]:
    # Each of these carries one medium only; a provider that is not installed is found at start.
    if channels.fax == "smtp" or channels.sms == "smtp":
        wrong = "fax" if channels.fax == "smtp" else "sms"
        yield Problem(("channels", wrong), 'smtp sends e-mail only; expected "outbox" or a vendor')


def _longer(policy: Policy, shorter: str, longer: str) -> Iterator[Problem]:
    """*longer* may not be surely shorter than *shorter*; both are dotted keys."""
    low, high = _value(policy, shorter), _value(policy, longer)
    if low.longer_than(high):
        yield Problem(
            tuple(longer.split(".")),
            f"{high} comes before {shorter} ({low}); expected the later of the two",
        )


def _value(policy: Policy, key: str) -> Span:
    section, name = key.split(".")
    value = getattr(getattr(policy, section), name)
    assert isinstance(value, Span)
    return value


# Each later limit must not come before the earlier one.
_IN_ORDER = (
    ("capture.confirm_due", "capture.lead_after"),
    ("capture.lead_after", "capture.director_after"),
    ("ack.wait_for_duplicates", "ack.warn"),
    ("ack.warn", "ack.due"),
    ("inbound_text.answer", "inbound_text.lead_after"),
    ("evaluation.target_routine", "evaluation.window"),
    ("evaluation.window", "evaluation.propose_close"),
    ("reminders.second_before", "reminders.first_before"),
    ("intake.desk_task_before", "intake.reminder_before"),
    ("authorization.request", "authorization.lead_after"),
    ("authorization.chase_every", "authorization.lead_after"),
    ("task.lease_urgent", "task.lease"),
    ("task.lead_after", "task.director_after"),
    ("task.lead_after_urgent", "task.director_after_urgent"),
    ("poc.therapist_sign", "poc.director_after"),
    ("poc.no_receipt_call", "poc.no_receipt_director"),
    ("recert.send_before", "recert.prepare_before"),
    ("recert.director_before", "recert.send_before"),
    ("dropout.no_visit_early", "dropout.no_visit_later"),
    ("dropout.no_visit_later", "dropout.propose_discharge"),
    ("discharge.sign", "discharge.sign_unplanned"),
    ("silence.cooling_min_gap", "silence.quiet"),
    ("silence.quiet", "silence.lapsed"),
    ("silence.task_high", "silence.task_low"),
    ("task.lease_urgent", "task.lease"),
)
# Limits that law or promise puts a ceiling on: key, ceiling, why.
_AT_MOST = (
    ("ack.due", "24 wh", "the acknowledgement is promised within 24 hours (policy.md rule 8)"),
    ("inbound_text.opt_out_confirmation", "5 min", "a late confirmation counts as a new text [K5]"),
    ("poc.signature_due", "30 d", "certification is due within 30 days [G1]"),
    ("poc.transmission_within", "30 d", "the exception holds for 30 days [G4]"),
    ("poc.verbal_signature", "14 d", "a verbal order is signed within 14 days [G1]"),
)


def _deadlines(policy: Policy) -> Iterator[Problem]:
    for shorter, longer in _IN_ORDER:
        yield from _longer(policy, shorter, longer)
    for key, ceiling, why in _AT_MOST:
        if _value(policy, key).longer_than(Span.of(ceiling)) is not False:
            yield Problem(tuple(key.split(".")), f"expected at most {Span.of(ceiling)}: {why}")
    for key in (
        "authorization.chase_every",
        "poc.late_call_every",
        "task.comes_again",
        "task.asked_again",
    ):
        if not _value(policy, key).amount:
            yield Problem(tuple(key.split(".")), "expected more than nothing: this repeats")


def _texting(policy: Policy) -> Iterator[Problem]:
    text = policy.text
    if not text.window:
        yield Problem(("text", "window"), "no text could ever be sent: expected hours on some day")
    if text.cap_per_day > text.cap_per_week:
        yield Problem(("text", "cap_per_week"), "less than cap_per_day; expected at least as much")
    for code, hours in text.states.items():
        if code not in STATES:
            yield Problem(("text", "states", code), "expected a two-letter US state such as NY")
        elif text.window and not text.window.narrowed(hours):
            yield Problem(("text", "states", code), "leaves no hour of text.window open")
    if policy.call.voicemail_per_day > policy.call.cap_per_day:
        yield Problem(("call", "voicemail_per_day"), "more voicemails than calls in a day")
    if policy.reach.urgent.calls_per_day > policy.call.cap_per_day:
        yield Problem(("reach", "urgent", "calls_per_day"), "more than call.cap_per_day allows")
    for code in policy.retention.years_by_state:
        if code not in STATES:
            yield Problem(
                ("retention", "years_by_state", code), "expected a two-letter US state such as NY"
            )


def _steps(policy: Policy) -> Iterator[Problem]:
    cadence, chase = policy.reach.cadence, policy.poc.chase
    if not cadence:
        yield Problem(("reach", "cadence"), "nobody would contact the patient: expected a step")
    for place in range(1, len(cadence)):
        step, earlier = cadence[place], cadence[place - 1]
        if step.day < earlier.day or (
            step.day == earlier.day and earlier.after.longer_than(step.after)
        ):
            yield Problem(("reach", "cadence", place), "comes before the step above it")
    for place, move in enumerate(cadence):
        if move.after.unit in {Unit.CALENDAR_DAYS, Unit.BUSINESS_DAYS}:
            yield Problem(("reach", "cadence", place, "after"), "days belong into day")
        if "propose_close" in move.do and place != len(cadence) - 1:
            yield Problem(("reach", "cadence", place, "do"), "nothing can follow propose_close")
    for place in range(1, len(chase)):
        if chase[place].day <= chase[place - 1].day:
            yield Problem(
                ("poc", "chase", place, "day"), "expected a later day than the step above it"
            )
    faxes = 1 + sum("fax" in step.do for step in chase)
    if faxes > policy.poc.max_faxes:
        yield Problem(
            ("poc", "max_faxes"),
            f"the plan and the faxes of chase are {faxes}; expected at least that many",
        )
    if chase and policy.poc.signature_due.longer_than(Span.of(f"{chase[-1].day} d")) is False:
        yield Problem(("poc", "chase", len(chase) - 1, "day"), "not before poc.signature_due")


def _care(policy: Policy) -> Iterator[Problem]:
    for key, days in (
        ("nudge_days", policy.poc.nudge_days),
        ("verbal_chase_days", policy.poc.verbal_chase_days),
    ):
        if any(later <= earlier for earlier, later in pairwise(days)):
            yield Problem(("poc", key), "expected days that increase")
    last = max(policy.poc.verbal_chase_days, default=0)
    if Span.of(f"{last} d").longer_than(policy.poc.verbal_signature):
        yield Problem(("poc", "verbal_chase_days"), "later than poc.verbal_signature")
    if policy.progress.prompt_day > policy.progress.write_by_day:
        yield Problem(("progress", "prompt_day"), "later than write_by_day")
    if policy.evaluation.no_show_lead_from < policy.evaluation.no_show_call_only_from:
        yield Problem(("evaluation", "no_show_lead_from"), "before no_show_call_only_from")


def _sources(policy: Policy) -> Iterator[Problem]:
    silence = policy.silence
    if silence.quiet_chance >= silence.cooling_chance:
        yield Problem(
            ("silence", "quiet_chance"),
            "not below cooling_chance: a source cools before it is quiet",
        )
    if silence.high_referrals < silence.min_referrals:
        yield Problem(("silence", "high_referrals"), "below min_referrals, so never reached")
    if policy.fax.tries < len(policy.fax.retry) + 1 + policy.fax.retry_next_morning:
        yield Problem(
            ("fax", "tries"),
            "fewer than the first try and the retries listed; shorten retry or raise tries",
        )
    if policy.report.cohort_days != COHORTS:
        yield Problem(
            ("report", "cohort_days"), "expected [30, 90]: the report counts these and no others"
        )


def _owners(policy: Policy, staff: Sequence[Staff]) -> Iterator[Problem]:
    for kind in Kind:
        if kind not in policy.owner and kind not in BY_HAND:
            yield Problem(
                ("owner", kind.value),
                'not set; expected "us", "emr" or "nobody": whose job is this message?',
            )
    roles: set[Role] = {one.role for one in staff}
    for kind, role in policy.approve.items():
        if role not in roles:
            yield Problem(("approve", kind.value), f"nobody on staff has the role {role}")
