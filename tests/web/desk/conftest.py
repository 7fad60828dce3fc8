"""A desk with somebody at it: the app over real HTTP, and a browser's cookies."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from settings import EXAMPLE_PASSWORD
from tests.web.conftest import Site


class Browser:
    """What one person's browser does, without scripts: pages, forms, cookies."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http
        self.csrf = ""

    async def get(self, path: str, **more: Any) -> httpx.Response:
        """Load a page; where it redirects to is not followed."""
        answer = await self.http.get(path, **more)
        found = re.search(r'name="csrf" value="([0-9a-f]+)"', answer.text)
        if found:
            self.csrf = found[1]
        return answer

    async def post(self, path: str, *, csrf: str | None = None, **fields: Any) -> httpx.Response:
        """Send a form with the token of the page loaded last."""
        files = fields.pop("files", None)
        data = {"csrf": self.csrf if csrf is None else csrf, **fields}
        return await self.http.post(path, data=data, files=files)

    async def sign_in(
        self, email: str, password: str = EXAMPLE_PASSWORD, *, to: str = "/board"
    ) -> httpx.Response:
        """Through the sign-in page, as a person does."""
        shown = await self.http.get("/sign-in", params={"next": to})
        nonce = re.search(r'name="nonce" value="([^"]+)"', shown.text)
        assert nonce
        fields = {"email": email, "password": password, "nonce": nonce[1], "next": to}
        return await self.http.post("/sign-in", data=fields)


@pytest.fixture
async def browser(site: Site) -> AsyncIterator[Browser]:
    """A browser in which nobody has signed in."""
    async with httpx.AsyncClient(base_url=site.url, timeout=20, trust_env=False) as http:
        yield Browser(http)


@pytest.fixture
async def dana(browser: Browser) -> Browser:
    """The browser of the front desk of the clinic "east"."""
    answer = await browser.sign_in("dana@example.org")
    assert answer.status_code == 303, answer.text
    return browser


@pytest.fixture
async def wes(site: Site) -> AsyncIterator[Browser]:
    """An outsider to the clinic "east": the front desk of "west"."""
    async with httpx.AsyncClient(base_url=site.url, timeout=20, trust_env=False) as http:
        other = Browser(http)
        assert (await other.sign_in("wes@example.org")).status_code == 303
        yield other


@pytest.fixture
async def lia(browser: Browser) -> Browser:
    """The browser of the liaison of both clinics."""
    assert (await browser.sign_in("lia@example.org")).status_code == 303
    return browser
