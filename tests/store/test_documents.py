"""Clinical content is kept once and whole."""

from __future__ import annotations

import pytest

from models.errors import BadRequest, NotFound
from store import documents
from store.engine import Store
from tests.store.world import ORG, START, a_referral


def test_the_same_document_is_one_row_and_its_signatures_add_up(store: Store) -> None:
    _, ref = a_referral(store)
    given = {"org": ORG, "kind": "plan_of_care", "referral_id": ref, "at": START}
    with store.write() as session:
        first = documents.put(session, content={"goal": "stairs"}, **given)
        signed = documents.put(
            session, content={"goal": "stairs"}, signed_by_therapist=True, **given
        )
        other = documents.put(session, content={"goal": "stairs"}, pdf=b"%PDF", **given)
    assert signed.id == first.id != other.id
    with store.read() as session:
        found = documents.get(session, ORG, first.id)
        assert (found.content, found.signed_by_therapist) == ({"goal": "stairs"}, True)
        assert not found.signed_by_provider
        assert len(documents.of_referral(session, ref, "plan_of_care")) == 2
        assert list(documents.of_referral(session, ref, "discharge_summary")) == []
        with pytest.raises(NotFound):
            documents.get(session, "elsewhere", first.id)


def test_a_document_needs_something_in_it(store: Store) -> None:
    with pytest.raises(BadRequest, match="fields or a PDF"), store.write() as session:
        documents.put(session, org=ORG, kind="plan_of_care", at=START)
