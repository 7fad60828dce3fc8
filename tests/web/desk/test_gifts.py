"""The gift ledger as a liaison sees it."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal

from sqlmodel import col, select

from store import sources
from store.tables import (
    GiftRow,
)
from tests.doors import ORG
from tests.web.conftest import Site
from tests.web.desk.book import a_source, give_freely
from tests.web.desk.conftest import Browser


async def test_a_gift_is_held_to_the_years_limit(site: Site, lia: Browser) -> None:
    give_freely(site, {2026: Decimal("535")})
    source_id = await a_source(site)
    page = await lia.get(f"/sources/{source_id}")
    gift = re.findall(r'name="form_id" value="(gift_\w+)"', page.text)[0]
    told = {"form_id": gift, "on": "2026-01-05", "value": "$500.00", "what": "=Lunch"}
    for _ in range(2):  # the same form twice is one gift
        assert (await lia.post(f"/sources/{source_id}/gift", **told)).status_code == 303
    over = await lia.post(f"/sources/{source_id}/gift", on="2026-01-05", value="40", what="Pens")
    assert "has had $500.00 of $535.00 in 2026: $35.00 is left" in over.text
    assert 'value="40"' in over.text  # what was typed is still there
    old = await lia.post(f"/sources/{source_id}/gift", on="2025-12-31", value="1", what="Pens")
    assert "no limit on gifts for 2025" in old.text
    assert (await lia.post(f"/sources/{source_id}/gift-back", gift=gift)).status_code == 303
    assert (await lia.post(f"/sources/{source_id}/gift-back", gift=gift)).status_code == 303
    with site.door.store.read() as session:
        rows = session.exec(select(GiftRow).order_by(col(GiftRow.cents))).all()
    assert [one.cents for one in rows] == [-50000, 50000]
    page = await lia.get(f"/sources/{source_id}")
    assert "$0.00 of $535.00 in 2026" in page.text
    export = await lia.get("/sources/gifts.csv?year=2026")
    assert export.headers["content-type"].startswith("text/csv")
    assert all(line.endswith("Z") for line in export.text.splitlines()[1:])  # moments, in UTC
    assert [line.split(",")[4:6] for line in export.text.splitlines()[1:]] == [
        ["500.00", "'=Lunch"],
        ["-500.00", "'=Lunch"],
    ]


async def test_the_last_evening_of_a_year_is_still_of_that_year(site: Site, lia: Browser) -> None:
    source_id = await a_source(site)
    site.door.now = datetime(2027, 1, 1, 2, 0, tzinfo=UTC)  # 9 in the evening at the clinic
    with site.door.store.write() as session:
        source = sources.get(session, ORG, source_id)
        source.away_from, source.away_until = date(2026, 12, 1), date(2026, 12, 31)
        session.add(source)
    await lia.sign_in("lia@example.org")
    export = await lia.get("/sources/gifts.csv")
    assert export.headers["content-disposition"].endswith('gifts-2026.csv"')
    assert "on leave" in (await lia.get("/sources")).text
