"""Real mail over a real SMTP server: what it took, what it refused, and what nobody can tell."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.smtp import AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import SecretStr

from integrations.email.smtp import Smtp, SmtpSettings
from models.contracts import Attachment, Parcel, Sent
from models.errors import CannotTell, ChannelError, Verdict
from tests.mail import Mailbox, Server

NOW = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)


@pytest.fixture
def box() -> Mailbox:
    return Mailbox()


@pytest.fixture
def serve(box: Mailbox) -> Iterator[Callable[..., Server]]:
    with contextlib.ExitStack() as stack:

        def start(**options: Any) -> Server:
            server = Server(box, **options)
            server.start()
            stack.callback(server.stop)
            return server

        yield start


def client(port: int, **changes: Any) -> Smtp:
    given = {
        "host": "127.0.0.1",
        "port": port,
        "security": "none",
        "sender": "clinic@example.org",
        "timeout": 5,
        **changes,
    }
    return Smtp(SmtpSettings.model_validate(given), lambda: NOW)


def parcel(**changes: Any) -> Parcel:
    given = {
        "reference": "rl_7gk2mz4vhtqp",
        "channel": "email",
        "to": "office@example.org",
        "sender": "Riverside PT East",
        "subject": "A message from Riverside PT East about your referral",
        "body": "Hello,\n\n.a line that begins with a dot\nand ñ\n",
        "attachments": (
            Attachment(
                filename="plan-of-care.pdf", media_type="application/pdf", content=b"%PDF\x00\xff"
            ),
        ),
        **changes,
    }
    return Parcel.model_validate(given)


def refused(smtp: Smtp, **changes: Any) -> ChannelError:
    with pytest.raises(ChannelError) as told:
        smtp.send(parcel(**changes))
    assert "office@example.org" not in str(told.value)
    return told.value


# --- what it took ---------------------------------------------------------------------------------


def test_a_mail_arrives_whole(serve: Callable[..., Server], box: Mailbox) -> None:
    accepted = client(serve().port).send(parcel())
    assert not accepted.delivered
    assert accepted.vendor_id == "4XyZ"
    (envelope,) = box.taken
    assert envelope.rcpt_tos == ["office@example.org"]
    assert envelope.mail_from == "clinic@example.org"
    mail: Any = message_from_bytes(envelope.content, policy=policy.default)
    assert mail["Message-ID"] == "<rl_7gk2mz4vhtqp@example.org>"
    assert mail["From"] == "Riverside PT East <clinic@example.org>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"].datetime == NOW
    body = mail.get_body().get_content().replace("\r\n", "\n")
    assert body == "Hello,\n\n.a line that begins with a dot\nand ñ\n"
    (attached,) = mail.iter_attachments()
    assert attached.get_content() == b"%PDF\x00\xff"
    assert envelope.content.isascii()


def test_the_same_parcel_is_the_same_message(serve: Callable[..., Server], box: Mailbox) -> None:
    smtp = client(serve().port)
    smtp.send(parcel())
    smtp.send(parcel())
    assert box.taken[0].content == box.taken[1].content


def test_an_answer_without_a_queue_id_leaves_our_reference(
    serve: Callable[..., Server], box: Mailbox
) -> None:
    box.answers["data"] = ["250 taken"]
    assert client(serve().port).send(parcel()).vendor_id == "rl_7gk2mz4vhtqp"


def test_a_mail_server_cannot_be_asked(serve: Callable[..., Server]) -> None:
    with pytest.raises(CannotTell):
        client(1).find(Sent(reference="rl_1"))


# --- what it refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("phase", "answer", "code", "verdict"),
    [
        ("rcpt", "451 4.7.1 Greylisted, come back", "put_off", Verdict.LATER),
        ("rcpt", "452 4.2.2 Mailbox full", "put_off", Verdict.LATER),
        (
            "rcpt",
            "550 5.1.1 No such user office@example.org",
            "recipient_refused",
            Verdict.PERMANENT,
        ),
        ("mail", "550 5.7.1 Not you", "sender_refused", Verdict.FIX),
        ("mail", "530 5.7.0 Log in first", "sender_refused", Verdict.FIX),
        ("mail", "421 4.3.2 Shutting down", "put_off", Verdict.LATER),
        ("data", "554 5.7.1 Looks like spam", "content_refused", Verdict.PERMANENT),
        ("data", "451 4.3.0 Try later", "put_off", Verdict.LATER),
    ],
)
def test_a_refusal_by_phase_and_class(
    serve: Callable[..., Server],
    box: Mailbox,
    phase: str,
    answer: str,
    code: str,
    verdict: Verdict,
) -> None:
    box.answers[phase] = [answer]
    error = refused(client(serve().port))
    assert (error.code, error.verdict) == (code, verdict)
    assert box.taken == []


def test_a_greylisted_mail_goes_out_at_the_second_try(
    serve: Callable[..., Server], box: Mailbox
) -> None:
    box.answers["rcpt"] = ["451 4.7.1 Greylisted"]
    smtp = client(serve().port)
    refused(smtp)
    smtp.send(parcel())
    assert len(box.taken) == 1


def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    error = refused(client(port))
    assert (error.code, error.verdict) == ("unreachable", Verdict.LATER)


def test_a_server_that_says_nothing_costs_the_timeout_and_no_more() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        error = refused(client(silent.getsockname()[1], timeout=0.3))
    assert (error.code, error.verdict) == ("unreachable", Verdict.LATER)


def test_a_server_that_greets_with_a_refusal() -> None:
    with _scripted(b"554 5.7.1 your address is blocked\r\n") as port:
        error = refused(client(port))
    assert (error.code, error.verdict) == ("server_refused", Verdict.FIX)


# --- what nobody can tell -------------------------------------------------------------------------


def test_a_connection_that_breaks_before_the_content_has_sent_nothing(
    serve: Callable[..., Server], box: Mailbox
) -> None:
    box.drop_at = "rcpt"
    error = refused(client(serve().port))
    assert (error.code, error.verdict) == ("unreachable", Verdict.LATER)
    assert box.taken == []


def test_a_connection_that_breaks_after_the_content_leaves_a_doubt(
    serve: Callable[..., Server], box: Mailbox
) -> None:
    box.drop_at = "data"
    with pytest.raises(CannotTell):
        client(serve().port).send(parcel())


def test_a_server_that_hangs_after_the_content_leaves_a_doubt() -> None:
    replies = (b"220 hi\r\n", b"250 ok\r\n", b"250 ok\r\n", b"250 ok\r\n", b"354 go\r\n")
    with _scripted(*replies) as port, pytest.raises(CannotTell):
        client(port, timeout=0.5).send(parcel())


# --- login and TLS --------------------------------------------------------------------------------


def _login(server: Any, session: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
    # Not handled: the server itself says 535.
    return AuthResult(success=data.login == b"clinic" and data.password == b"right", handled=False)


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
@pytest.mark.parametrize("password", ["right", "wrong"])
def test_login(serve: Callable[..., Server], box: Mailbox, password: str) -> None:
    server = serve(authenticator=_login, auth_require_tls=False, auth_required=True)
    smtp = client(server.port, username="clinic", password=SecretStr(password))
    if password == "right":
        smtp.send(parcel())
        assert len(box.taken) == 1
        return
    error = refused(smtp)
    assert (error.code, error.verdict) == ("login_refused", Verdict.FIX)
    assert "wrong" not in str(error)


def test_a_login_the_server_does_not_offer(serve: Callable[..., Server]) -> None:
    error = refused(client(serve().port, username="clinic", password=SecretStr("x")))
    assert (error.code, error.verdict) == ("no_login", Verdict.FIX)


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_a_server_that_wants_a_login_first(serve: Callable[..., Server]) -> None:
    server = serve(authenticator=_login, auth_require_tls=False, auth_required=True)
    assert refused(client(server.port)).verdict is Verdict.FIX


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_mail_goes_out_encrypted(
    serve: Callable[..., Server], box: Mailbox, certificate: Path, security: str
) -> None:
    server = serve(**_secured(certificate, security))
    client(server.port, security=security, ca_file=str(certificate)).send(parcel())
    assert len(box.taken) == 1


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_an_untrusted_certificate_is_ours_to_fix(
    serve: Callable[..., Server], box: Mailbox, certificate: Path, security: str
) -> None:
    error = refused(client(serve(**_secured(certificate, security)).port, security=security))
    assert (error.code, error.verdict) == ("tls", Verdict.FIX)
    assert box.taken == []


def test_a_server_without_starttls_gets_nothing_in_clear(
    serve: Callable[..., Server], box: Mailbox
) -> None:
    error = refused(client(serve().port, security="starttls"))
    assert (error.code, error.verdict) == ("no_starttls", Verdict.FIX)
    assert box.taken == []


# --- headers --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"to": "office@example.org\r\nBcc: all@example.org"}, "bad_address"),
        ({"to": "a@example.org, b@example.org"}, "bad_address"),
        ({"to": "nobody"}, "bad_address"),
        ({"subject": "Hello\r\nBcc: all@example.org"}, "bad_subject"),
        ({"reference": "rl_1>\r\nX: y"}, "bad_reference"),
    ],
)
def test_nothing_from_outside_adds_a_header(changes: dict[str, Any], code: str) -> None:
    assert refused(client(1), **changes).code == code


def test_a_name_with_a_line_break_stays_a_name(serve: Callable[..., Server], box: Mailbox) -> None:
    sender = 'PT "East"\r\nBcc: all@example.org 🧑🏽‍⚕️'
    client(serve().port).send(parcel(sender=sender))
    mail: Any = message_from_bytes(box.taken[0].content, policy=policy.default)
    assert mail["Bcc"] is None
    assert mail["From"].addresses[0].addr_spec == "clinic@example.org"


def test_a_file_name_cannot_leave_its_folder(serve: Callable[..., Server], box: Mailbox) -> None:
    attached = Attachment(filename='../a"\r\nX: y.pdf', media_type="application/pdf", content=b"x")
    client(serve().port).send(parcel(attachments=(attached,)))
    mail: Any = message_from_bytes(box.taken[0].content, policy=policy.default)
    (one,) = mail.iter_attachments()
    assert one.get_filename() == "a---X--y.pdf"


# --- helpers --------------------------------------------------------------------------------------


@contextlib.contextmanager
def _scripted(*replies: bytes) -> Iterator[int]:
    """A server that gives these replies, one to each thing it hears, and then says nothing."""
    done = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def talk() -> None:
        connection, _ = listener.accept()
        with connection:
            for number, reply in enumerate(replies):
                if number:
                    connection.recv(65536)
                connection.sendall(reply)
            done.wait(10)

    thread = threading.Thread(target=talk)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        done.set()
        thread.join()
        listener.close()


def _secured(certificate: Path, security: str) -> dict[str, Any]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, certificate.with_suffix(".key"))
    return {"ssl_context": context} if security == "tls" else {"tls_context": context}


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1."""
    import ipaddress

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    path.with_suffix(".key").write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


def test_it_leaves_no_event_loop_behind(serve: Callable[..., Server]) -> None:
    client(serve().port).send(parcel())
    with pytest.raises(RuntimeError):
        asyncio.get_running_loop()
