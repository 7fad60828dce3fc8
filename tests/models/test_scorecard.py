"""What may leave the house: nothing that stands on fewer than ten patients."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from models.errors import Refused
from models.monthly import Amount
from models.scorecard import Scorecard
from models.scorecard_sample import CARD, SCORECARD


def test_a_letter_holds_nothing_of_fewer_than_ten() -> None:
    assert {one.name for one in CARD.figures} - {one.name for one in SCORECARD.card.figures} == {
        "summary_24h"
    }
    assert [one.group for one in SCORECARD.card.outcomes] == ["post_op shoulder", "knee"]
    assert all(one.amount.n >= 10 for one in SCORECARD.card.figures)
    assert SCORECARD.about is None  # no patient is named


@pytest.mark.parametrize("received", [0, 1, 9])
def test_of_fewer_than_ten_referrals_nothing_is_told(received: int) -> None:
    with pytest.raises(Refused, match=f"sent {received}.*fewer than 10") as refused:
        CARD.model_copy(update={"received": received}).told()
    assert refused.value.code == "too_few"


def test_ten_referrals_of_which_nothing_is_known_yet_are_too_few() -> None:
    empty = CARD.figures[0].model_copy(update={"amount": Amount(n=12)})
    with pytest.raises(Refused):
        CARD.model_copy(update={"figures": (empty,)}).told()


def test_a_policy_may_ask_for_more_than_ten_and_never_for_fewer() -> None:
    strict = CARD.model_copy(update={"least": 40}).told()
    assert [one.name for one in strict.figures] == [
        "contacted_24h",
        "converted",
        "evaluation_days",
        "plan_hours",
    ]
    assert strict.outcomes == ()
    with pytest.raises(ValidationError):
        Scorecard.model_validate({**CARD.model_dump(), "least": 5})
