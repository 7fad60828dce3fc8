"""Which provider serves a channel: a dictionary of names, one line to add one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import get_args

from pydantic import Field

from integrations.contract import Accepted, ChannelClient
from integrations.crm.filebox import Filebox
from integrations.email.smtp import Smtp, SmtpSettings
from integrations.fax.telnyx import Telnyx, TelnyxSettings
from integrations.outbox import Outbox
from integrations.sms.twilio import Twilio, TwilioSettings
from models.base import Model
from models.contracts import Channel
from models.errors import ConfigError
from models.organization import Channels

__all__ = ["PROVIDERS", "Accepted", "ChannelClient", "ChannelSettings", "Clients", "open_channels"]

#: The open clients by channel and provider, as ``[channels]`` of a policy file names them.
Clients = Mapping[tuple[Channel, str], ChannelClient]


class ChannelSettings(Model):
    """What providers need to be reached; filled by the composition root from its settings.

    ``busy`` belongs to the embedded outbox: addresses whose first N sends fail as a busy line.
    """

    outbox: Path
    busy: dict[str, int] = Field(default_factory=dict)
    smtp: SmtpSettings | None = None
    twilio: TwilioSettings | None = None
    telnyx: TelnyxSettings | None = None


Clock = Callable[[], datetime]
Factory = Callable[[ChannelSettings, Clock], ChannelClient]


def _outbox(channel: Channel) -> Factory:
    return lambda given, _: Outbox(given.outbox / channel, channel, given.busy)


def _smtp(given: ChannelSettings, clock: Clock) -> ChannelClient:
    if given.smtp is None:
        raise ConfigError(
            'email = "smtp" needs a mail server: set its host and sender in the settings.',
            field="channels.email",
        )
    return Smtp(given.smtp, clock)


def _twilio(given: ChannelSettings, clock: Clock) -> ChannelClient:
    if given.twilio is None:
        raise ConfigError(
            'sms = "twilio" needs an account: set REFERRAL_LOOP_TWILIO_ACCOUNT_SID and '
            "REFERRAL_LOOP_TWILIO_AUTH_TOKEN.",
            field="channels.sms",
        )
    return Twilio(given.twilio, clock)


def _telnyx(given: ChannelSettings, clock: Clock) -> ChannelClient:
    if given.telnyx is None:
        raise ConfigError(
            'fax = "telnyx" needs an account: set REFERRAL_LOOP_TELNYX_API_KEY, '
            "REFERRAL_LOOP_TELNYX_CONNECTION_ID and REFERRAL_LOOP_TELNYX_PUBLIC_KEY.",
            field="channels.fax",
        )
    return Telnyx(given.telnyx, clock)


PROVIDERS: dict[Channel, dict[str, Factory]] = {
    "fax": {"outbox": _outbox("fax"), "telnyx": _telnyx},
    "sms": {"outbox": _outbox("sms"), "twilio": _twilio},
    "email": {"outbox": _outbox("email"), "smtp": _smtp},
    "crm": {"outbox": lambda given, _: Filebox(given.outbox / "crm")},
}


def open_channels(
    wanted: Iterable[Channels], settings: ChannelSettings, clock: Clock
) -> dict[tuple[Channel, str], ChannelClient]:
    """One client per channel and provider that some organization names; nothing is connected yet.

    ``clock`` is the wall clock. Raises ConfigError for a provider nobody has written, naming those
    there are, or for one whose settings are missing.
    """
    clients: dict[tuple[Channel, str], ChannelClient] = {}
    for chosen in wanted:
        for channel in get_args(Channel):
            name = getattr(chosen, channel)
            if (channel, name) not in clients:
                clients[channel, name] = _factory(channel, name)(settings, clock)
    return clients


def _factory(channel: Channel, name: str) -> Factory:
    factory = PROVIDERS[channel].get(name)
    if factory is None:
        known = ", ".join(sorted(PROVIDERS[channel]))
        raise ConfigError(
            f"There is no {channel} provider {name!r}; there are: {known}.",
            field=f"channels.{channel}",
        )
    return factory
