"""The embedded channels: whole files, once each, found again; a CRM of JSON lines."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest

from integrations.contract import ChannelClient
from integrations.crm import filebox
from integrations.crm.filebox import Filebox
from integrations.outbox import Outbox
from integrations.registry import PROVIDERS, ChannelSettings, open_channels
from models.contracts import Attachment, Parcel, ReceiptState, Sent
from models.errors import ChannelError, ConfigError, Verdict
from models.organization import Channels

PDF = Attachment(filename="plan-of-care.pdf", media_type="application/pdf", content=b"%PDF-1.4 x")


def parcel(channel: Any = "fax", **changes: Any) -> Parcel:
    to = {
        "fax": "+15185550160",
        "sms": "+15185550150",
        "email": "a@example.org",
        "crm": "riverside",
    }
    given = {
        "reference": "rl_1",
        "channel": channel,
        "to": to[channel],
        "subject": "A message",
        "body": "words",
        "attachments": (PDF,),
        **changes,
    }
    return Parcel.model_validate(given)


@pytest.mark.parametrize(("channel", "ending"), [("fax", "pdf"), ("sms", "txt"), ("email", "eml")])
def test_a_parcel_becomes_one_file_named_by_its_reference(
    tmp_path: Path, channel: Any, ending: str
) -> None:
    box = Outbox(tmp_path, channel)
    assert box.find(Sent(reference="rl_1")) is None
    accepted = box.send(parcel(channel))
    assert accepted.delivered
    assert [path.name for path in tmp_path.iterdir()] == [f"rl_1.{ending}"]
    found = box.find(Sent(reference="rl_1"))
    assert found is not None
    assert (found.state, found.vendor_id) == (ReceiptState.DELIVERED, accepted.vendor_id)


def test_a_fax_is_its_page_and_a_mail_has_everything(tmp_path: Path) -> None:
    Outbox(tmp_path, "fax").send(parcel())
    assert (tmp_path / "rl_1.pdf").read_bytes() == PDF.content
    Outbox(tmp_path, "email").send(parcel("email", sender="Riverside PT"))
    mail = message_from_bytes((tmp_path / "rl_1.eml").read_bytes(), policy=policy.default)
    assert mail["To"] == "a@example.org"
    assert mail["From"] == "Riverside PT <outbox@example.org>"
    assert [one.get_filename() for one in mail.iter_attachments()] == ["plan-of-care.pdf"]


def test_the_same_reference_again_changes_nothing(tmp_path: Path) -> None:
    box = Outbox(tmp_path, "sms")
    first = box.send(parcel("sms"))
    again = box.send(parcel("sms", body="other words"))
    assert again == first
    assert "other" not in (tmp_path / "rl_1.txt").read_text()


def test_a_second_process_finds_what_the_first_wrote(tmp_path: Path) -> None:
    Outbox(tmp_path, "fax").send(parcel())
    assert Outbox(tmp_path, "fax").find(Sent(reference="rl_1")) is not None


def test_a_busy_line_takes_the_next_call(tmp_path: Path) -> None:
    box = Outbox(tmp_path, "fax", {"+15185550160": 2})
    for _ in range(2):
        with pytest.raises(ChannelError) as told:
            box.send(parcel())
        assert (told.value.code, told.value.verdict) == ("busy", Verdict.LATER)
    assert box.send(parcel()).delivered
    assert Outbox(tmp_path, "fax", {"+15185550160": 2}).send(parcel()).delivered  # it is there


@pytest.mark.parametrize("reference", ["../up", "a/b", "", "a b", "x" * 101, ".hidden", "a\nb"])
def test_a_reference_that_is_no_file_name_is_refused(tmp_path: Path, reference: str) -> None:
    for client in (Outbox(tmp_path, "fax"), Filebox(tmp_path)):
        with pytest.raises(ChannelError) as told:
            client.send(parcel(reference=reference, body="{}"))
        assert told.value.code == "bad_reference"
    assert list(tmp_path.iterdir()) == []


def test_an_empty_fax_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ChannelError) as told:
        Outbox(tmp_path, "fax").send(parcel(attachments=()))
    assert told.value.code == "nothing_to_send"
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_ours_to_mend(tmp_path: Path) -> None:
    (tmp_path / "fax").write_text("a file where the folder should be")
    for client in (Outbox(tmp_path / "fax", "fax"), Filebox(tmp_path / "fax")):
        with pytest.raises(ChannelError) as told:
            client.send(parcel(to="riverside", body="{}"))
        assert (told.value.code, told.value.verdict) == ("disk", Verdict.FIX)


# --- the CRM --------------------------------------------------------------------------------------


def test_the_crm_gets_one_line_per_reference(tmp_path: Path) -> None:
    box = Filebox(tmp_path)
    for number in (1, 2, 1):
        box.send(parcel("crm", reference=f"rl_{number}", body=json.dumps({"type": "touch"})))
    assert [line["reference"] for line in filebox.read(tmp_path, "riverside")] == ["rl_1", "rl_2"]
    found = Filebox(tmp_path).find(Sent(reference="rl_2"))
    assert found is not None
    assert found.at <= datetime.now(UTC)
    assert box.find(Sent(reference="rl_3")) is None
    assert filebox.read(tmp_path, "nobody") == []


def test_a_line_torn_by_a_crash_does_not_swallow_the_next(tmp_path: Path) -> None:
    (tmp_path / "riverside.jsonl").write_bytes(b'{"reference": "rl_0"}\n{"reference": "rl_1", "ty')
    box = Filebox(tmp_path)
    assert box.find(Sent(reference="rl_1")) is None
    box.send(parcel("crm", body='{"type": "touch", "é": "ü"}'))
    assert [line["reference"] for line in filebox.read(tmp_path, "riverside")] == ["rl_0", "rl_1"]


def test_many_threads_write_whole_lines(tmp_path: Path) -> None:
    box = Filebox(tmp_path)

    def write(start: int) -> None:
        for number in range(start, start + 10):
            box.send(parcel("crm", reference=f"rl_{number}", body='{"x": "' + "y" * 500 + '"}'))

    threads = [threading.Thread(target=write, args=(start,)) for start in (0, 5, 10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    references = [line["reference"] for line in filebox.read(tmp_path, "riverside")]
    assert sorted(references) == sorted({f"rl_{n}" for n in range(20)})


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"body": "no json"}, "bad_payload"),
        ({"body": "[]"}, "bad_payload"),
        ({"body": "{}", "to": "../x"}, "bad_address"),
    ],
)
def test_what_the_crm_cannot_take_is_ours_to_fix(
    tmp_path: Path, changes: dict[str, Any], code: str
) -> None:
    with pytest.raises(ChannelError) as told:
        Filebox(tmp_path).send(parcel("crm", **changes))
    assert (told.value.code, told.value.verdict) == (code, Verdict.FIX)


# --- the registry ---------------------------------------------------------------------------------


def _clock() -> datetime:
    return datetime(2026, 3, 2, tzinfo=UTC)


def test_every_channel_has_the_embedded_provider(tmp_path: Path) -> None:
    clients = open_channels([Channels(), Channels()], ChannelSettings(outbox=tmp_path), _clock)
    assert set(clients) == {(channel, "outbox") for channel in PROVIDERS}
    fax: ChannelClient = clients["fax", "outbox"]
    fax.send(parcel())
    assert (tmp_path / "fax" / "rl_1.pdf").exists()


def test_an_unknown_provider_names_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there are: outbox, smtp") as told:
        open_channels([Channels(email="pigeon")], ChannelSettings(outbox=tmp_path), _clock)
    assert told.value.field == "channels.email"


def test_smtp_without_a_server_says_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="mail server"):
        open_channels([Channels(email="smtp")], ChannelSettings(outbox=tmp_path), _clock)
