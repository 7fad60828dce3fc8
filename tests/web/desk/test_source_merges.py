"""Two sources that turn out to be one."""

from __future__ import annotations

import re
from datetime import timedelta

from store import tasks
from store.tables import (
    ReferralRow,
)
from tests.doors import ORG
from tests.web.conftest import Site
from tests.web.desk.book import a_source, row
from tests.web.desk.conftest import Browser


async def test_two_that_are_one_are_merged_and_taken_apart(site: Site, lia: Browser) -> None:
    gone = await a_source(site)
    other = {"name": "Dr. Sam Other", "npi": "1558598797", "fax": "(518) 555-0188"}
    into = await a_source(site, **other)
    await lia.get(f"/sources/{gone}")
    shown = await lia.post(f"/sources/{gone}/other", search="sam other")
    assert into in shown.text
    follows = await lia.post(f"/sources/{gone}/other", into=into)
    assert "1 referral counts for Dr. Sam Other" in follows.text
    answer = await lia.post(f"/sources/{gone}/merge", into=into)
    assert answer.headers["location"] == f"/sources/{into}?said=merge"
    assert row(site, gone).merged_into == into
    assert "2 in twelve months" in (await lia.get(f"/sources/{into}")).text
    assert f'href="/sources/{gone}"' not in (await lia.get("/sources")).text
    page = await lia.get(f"/sources/{gone}")
    merge = re.findall(r'name="merge" value="(mrg_\w+)"', page.text)[0]
    assert (await lia.post(f"/sources/{gone}/merge-back", merge=merge)).status_code == 303
    assert row(site, gone).merged_into is None
    assert "1 in twelve months" in (await lia.get(f"/sources/{into}")).text
    assert "taken back by Lia Example" in (await lia.get(f"/sources/{into}")).text


async def test_who_is_merged_may_send_again_and_tell_again(site: Site, lia: Browser) -> None:
    """The same request again under the old name is no second sender and asks nobody anything."""
    referral = await site.door.refer()
    with site.door.store.read() as session:
        gone = session.get_one(ReferralRow, referral).source_id
    other = {"name": "Dr. Sam Other", "npi": "1558598797", "fax": "(518) 555-0188"}
    into = await a_source(site, **other)
    await lia.get(f"/sources/{gone}")
    assert (await lia.post(f"/sources/{gone}/merge", into=into)).status_code == 303
    site.door.now += timedelta(hours=1)
    await site.door.refer()  # the EMR tells it again
    again = await site.door.refer(external="R-9001")  # the office faxes the same patient again
    with site.door.store.read() as session:
        row = session.get_one(ReferralRow, again)
        asked = [one.key for one in tasks.open_tasks(session, ORG) if "again" in one.says]
        first = session.get_one(ReferralRow, referral)
    assert (row.source_id, row.duplicate_of, row.linked_as) == (into, referral, "duplicate")
    assert first.source_id == gone
    assert asked == []
