"""In which time zones a patient of a state may live."""

from __future__ import annotations

_EASTERN, _CENTRAL = "America/New_York", "America/Chicago"
_MOUNTAIN, _PACIFIC = "America/Denver", "America/Los_Angeles"

# By the zones' boundaries in 49 CFR 71; states in two zones name both.
_STATES: dict[tuple[str, ...], str] = {
    (_EASTERN,): "CT DC DE GA MA MD ME NC NH NJ NY OH PA RI SC VA VT WV",
    (_EASTERN, _CENTRAL): "FL IN KY MI TN",
    (_CENTRAL,): "AL AR IA IL LA MN MO MS OK WI",
    (_CENTRAL, _MOUNTAIN): "KS ND NE SD TX",
    (_MOUNTAIN,): "CO MT NM UT WY",
    ("America/Phoenix", _MOUNTAIN): "AZ",  # the Navajo Nation changes its clocks
    (_MOUNTAIN, _PACIFIC): "ID OR",
    (_PACIFIC,): "CA WA",
    (_PACIFIC, _MOUNTAIN): "NV",
    ("America/Anchorage", "America/Adak"): "AK",
    ("Pacific/Honolulu",): "HI",
    ("America/Puerto_Rico",): "PR VI",
    ("Pacific/Guam",): "GU MP",
    ("Pacific/Pago_Pago",): "AS",
}
_ZONES = {state: zones for zones, states in _STATES.items() for state in states.split()}


def recipient_zones(patient_state: str | None, clinic_state: str, clinic_zone: str) -> list[str]:
    """The zones in which a moment must be decent for this patient (policy.md §2 text.window).

    The patient's address decides, never the area code [K11]. A patient of the clinic's own state,
    or of no known state, lives in the clinic's zone; one from elsewhere may live in any zone of
    that state.
    """
    if patient_state is None or patient_state == clinic_state:
        return [clinic_zone]
    return list(_ZONES.get(patient_state, (clinic_zone,)))
