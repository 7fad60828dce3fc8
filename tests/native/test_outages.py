"""150 referrals under way while a worker, then Temporal, then Postgres is killed.

What must hold afterwards: every event that got its 202 is applied, nobody got a message twice, and
every open referral has a running workflow. What must hold meanwhile: a sender gets a 202, or a 503
that says when to come again.
"""

from __future__ import annotations

import email
import json
import sys
import time
from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

import pytest

from engine.client import connect
from engine.codec import KeyRing
from engine.running import running
from models.ids import referral_workflow_id
from models.tasks import TaskKind
from store.tables import DeliveryState, InboxState
from tests.mail import Mailbox
from tests.native.sender import PROBES, Load, Sender, Told, referral
from tests.native.topology import ORG, Topology, eventually

pytestmark = [pytest.mark.native, pytest.mark.timeout(600)]

REFERRALS = 150
# What is killed when, by the share of referrals already told.
KILLS = (("worker-1", 0.2), ("temporal", 0.45), ("postgres", 0.7))
ACKNOWLEDGED_WITHIN = 120.0  # seconds, from the kill
SETTLED_WITHIN = 240.0
GONE = {DeliveryState.ACCEPTED, DeliveryState.DELIVERED}
UNCERTAIN = TaskKind.UNCERTAIN_DELIVERY
_ACKNOWLEDGED = """
SELECT 1 FROM messages m JOIN referrals r ON r.id = m.referral_id
WHERE r.external_value = %s AND m.kind = 'thank_you' AND m.state = 'sent'
"""
# Events that are not applied yet, and messages that have not gone out; the probes have no plan.
_UNSETTLED = """
SELECT event_id, state, reason FROM inbox WHERE state IN ('received', 'waiting')
UNION ALL
SELECT r.external_value, k.kind, m.state
FROM referrals r CROSS JOIN (VALUES ('thank_you'), ('plan_of_care')) AS k (kind)
LEFT JOIN messages m ON m.referral_id = r.id AND m.kind = k.kind
WHERE coalesce(m.state, '') NOT IN ('sent', 'dropped')
  AND NOT (k.kind = 'plan_of_care' AND r.external_value LIKE 'N-9___')
"""


@dataclass
class Recovery:
    """How long it took from a kill, in seconds."""

    killed: str
    taken: float  # until an event sent right after it was taken
    acknowledged: float  # until the source of the referral it told of was thanked


@dataclass
class Aftermath:
    """What the hour of outages left behind; times in seconds."""

    told: Told
    recoveries: list[Recovery]
    usual: Recovery
    sending: float
    settling: float  # after the last event was taken


class Delivery(NamedTuple):
    """One attempt to hand a message over, as the record has it."""

    reference: str
    state: str
    acceptances: int
    message: str
    why: str | None


@pytest.fixture(scope="module")
def aftermath(topology: Topology, pytestconfig: pytest.Config) -> Aftermath:
    """The load, the kills, and the wait until everything is settled."""
    sender = Sender(topology)
    try:
        return outages(topology, sender, pytestconfig)
    finally:
        sender.close()


def outages(topology: Topology, sender: Sender, pytestconfig: pytest.Config) -> Aftermath:
    usual = acknowledge_one(topology, sender, "nothing")
    began = time.monotonic()
    load = Load(sender, range(REFERRALS))
    load.begin()
    recoveries = []
    for name, share in KILLS:
        eventually(lambda n=share * REFERRALS: load.done >= n, f"load at {share:.0%}", 240)
        starts = topology.part(name)["starts"]
        topology.kill(name)
        recoveries.append(acknowledge_one(topology, sender, name))
        eventually(lambda n=name, s=starts: topology.part(n)["starts"] > s, f"{name} again", 60)
    load.wait()
    sending = time.monotonic() - began
    settling = eventually(
        lambda: topology.ask(_UNSETTLED) == [],
        lambda: f"all is settled, but {topology.ask(_UNSETTLED)[:20]}",
        SETTLED_WITHIN,
    )
    found = Aftermath(sender.told, recoveries, usual, sending, settling)
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")
    with capture.global_and_fixture_disabled():
        sys.stderr.write(spoken(found))
    return found


def acknowledge_one(topology: Topology, sender: Sender, killed: str) -> Recovery:
    """Send a referral and wait until its source is thanked; how long both took from now."""
    number = next(PROBES)
    began = time.monotonic()
    for event_id, body in list(referral(number))[:1]:
        sender.tell(event_id, body)
    taken = time.monotonic() - began
    eventually(
        lambda: topology.try_ask(_ACKNOWLEDGED, f"N-{number}") != [],
        f"a referral told after {killed} was killed is acknowledged",
        ACKNOWLEDGED_WITHIN,
    )
    return Recovery(killed, taken, time.monotonic() - began)


def spoken(found: Aftermath) -> str:
    """The figures, for people."""
    told = found.told
    lines = [
        f"\n{len(told.accepted)} events of {REFERRALS} referrals taken in {found.sending:.0f} s, "
        f"all settled {found.settling:.0f} s later;",
        f"{told.answers[503]} times a sender was asked to come again.",
        f"{'killed (SIGKILL)':18} {'event taken':>12} {'acknowledged':>13}",
    ]
    for one in (found.usual, *found.recoveries):
        lines.append(f"{one.killed:18} {one.taken:10.1f} s {one.acknowledged:11.1f} s")
    return "\n".join([*lines, ""])


def test_a_sender_gets_a_202_or_is_told_when_to_come_again(aftermath: Aftermath) -> None:
    assert aftermath.told.wrong == []
    assert set(aftermath.told.answers) <= {202, 503}


def test_every_event_that_was_taken_is_applied(aftermath: Aftermath, topology: Topology) -> None:
    token = json.loads(topology.place.secret("api_tokens"))[ORG][0]
    left = {}
    with topology.http() as http:
        for event_id, address in aftermath.told.accepted.items():
            headers = {"Authorization": f"Bearer {token}"}
            status = http.get(address, headers=headers).json()["status"]
            if status != InboxState.APPLIED:
                left[event_id] = status
    assert left == {}
    assert len(aftermath.told.accepted) == REFERRALS * 5 + 1 + len(KILLS)


def deliveries(topology: Topology) -> list[Delivery]:
    """Every fax and mail on record."""
    rows = topology.ask(
        "SELECT d.reference, d.state, d.acceptances, m.id, m.why FROM deliveries d "
        "JOIN messages m ON m.id = d.subject_id "
        "WHERE d.subject_type = 'message' AND d.channel IN ('fax', 'email')"
    )
    return [Delivery(*row) for row in rows]


def arrived(topology: Topology, mail: Mailbox) -> Counter[str]:
    """The references of what arrived, how often: at the mail server, and in the folder of faxes."""
    mails = [email.message_from_bytes(one.content)["Message-ID"] for one in mail.taken]
    faxes = [path.stem for path in (topology.outbox / "fax").iterdir()]
    return Counter([*(mail_id.strip("<>").partition("@")[0] for mail_id in mails), *faxes])


def test_nobody_got_a_message_twice(
    aftermath: Aftermath, topology: Topology, mail: Mailbox
) -> None:
    del aftermath
    there = arrived(topology, mail)
    assert len(mail.taken) > REFERRALS / 2, "the mail server was not asked"
    assert [reference for reference, times in there.items() if times > 1] == []
    of_message = Counter(one.message for one in deliveries(topology) if one.reference in there)
    assert [message for message, times in of_message.items() if times > 1] == []
    assert max(one.acceptances for one in deliveries(topology)) == 1


def test_the_record_knows_what_left_and_what_did_not(
    aftermath: Aftermath, topology: Topology, mail: Mailbox
) -> None:
    """But for what nobody can tell after a kill between two words: that is a person's task."""
    del aftermath
    there = arrived(topology, mail)
    known = [one for one in deliveries(topology) if one.why != "uncertain"]
    gone = {one.reference for one in known if one.state in GONE}
    assert gone == {one.reference for one in known if one.reference in there}
    uncertain = topology.ask("SELECT count(*) FROM messages WHERE why = 'uncertain'")
    assert topology.ask("SELECT count(*) FROM tasks WHERE kind = %s", UNCERTAIN) == uncertain


async def test_every_open_referral_has_a_running_workflow(
    aftermath: Aftermath, topology: Topology
) -> None:
    del aftermath
    keyring = KeyRing.parse(topology.place.secret("codec_keys"))
    address = f"127.0.0.1:{topology.place.ports['frontend']}"
    client = await connect(address, "referral-loop", keyring=keyring)
    there = await running(client)
    rows = topology.ask("SELECT id FROM referrals WHERE stage <> 'closed' AND duplicate_of IS NULL")
    assert len(rows) == REFERRALS + 1 + len(KILLS)
    stuck = [row[0] for row in rows if referral_workflow_id(ORG, row[0]) not in there]
    assert stuck == []


def test_the_doctor_finds_nothing_wrong(aftermath: Aftermath, topology: Topology) -> None:
    del aftermath
    done = topology.run("worker", "python", "starter.py", "doctor", "--json")
    wrong = [one for one in json.loads(done.stdout)["findings"] if one["severity"] == "wrong"]
    assert wrong == [], done.stdout


def test_what_was_killed_runs_and_is_healthy_again(
    aftermath: Aftermath, topology: Topology
) -> None:
    for one in aftermath.recoveries:
        part = topology.part(one.killed)
        assert part["state"] == "runs"
        assert part["starts"] >= 2
        assert part["healthy"]
    assert topology.part("web")["starts"] == 1, "the door to the outside never closed"
