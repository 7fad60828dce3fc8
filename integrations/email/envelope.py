"""A parcel as an email: headers that nothing from outside can add to, plain text, attachments."""

from __future__ import annotations

from datetime import datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime

from integrations.contract import safe_reference
from models.contracts import Parcel
from models.errors import BadRequest, ChannelError, Verdict
from models.shapes import clean_name, email

_SEVEN_BIT = policy.SMTP.clone(cte_type="7bit")  # not every server on the way takes 8BITMIME


def envelope(parcel: Parcel, *, sender: str, at: datetime | None = None) -> EmailMessage:
    """The message, its Message-ID made of our reference so that a second one is seen as the same.

    ``parcel.sender`` is the name shown, ``sender`` the address. Without ``at`` there is no Date
    header (the first server adds one). Raises ChannelError: ``bad_address`` (permanent) for a
    recipient that is no single address, ``bad_sender`` and ``bad_subject`` (fix).
    """
    _, _, domain = sender.rpartition("@")
    message = EmailMessage(policy=_SEVEN_BIT)
    message["Message-ID"] = f"<{safe_reference(parcel.reference)}@{domain}>"
    if at is not None:
        message["Date"] = format_datetime(at)
    message["From"] = _address(sender, parcel.sender, "bad_sender", Verdict.FIX)
    message["To"] = _address(parcel.to, "", "bad_address", Verdict.PERMANENT)
    if any(ord(char) < 32 or ord(char) == 127 for char in parcel.subject):
        raise ChannelError(
            "bad_subject", "A subject must be one line without controls.", verdict=Verdict.FIX
        )
    message["Subject"] = parcel.subject
    message["Auto-Submitted"] = "auto-generated"  # no out-of-office answers, please
    message.set_content(parcel.body)
    for one in parcel.attachments:
        kind, _, subtype = one.media_type.partition("/")
        message.add_attachment(
            one.content, maintype=kind, subtype=subtype, filename=safe_filename(one.filename)
        )
    if message.is_multipart():
        # A border drawn by chance would make the same message other bytes each time.
        message.set_boundary(f"=-{parcel.reference}")
    return message


def safe_filename(name: str) -> str:
    """The name with nothing in it that a header or a disk would read otherwise."""
    kept = "".join(c if c.isascii() and (c.isalnum() or c in "._-") else "-" for c in name)
    return kept.strip(".-") or "document"


def _address(text: str, name: str, code: str, verdict: Verdict) -> Address:
    try:
        shown = clean_name(name) if name else ""
        return Address(display_name=shown, addr_spec=email(text))
    except (BadRequest, ValueError):
        raise ChannelError(
            code,
            "This is not one complete e-mail address; correct it in the record.",
            verdict=verdict,
        ) from None
