"""What a browser is shown where something cannot be done: a page; programs are told in JSON."""

from __future__ import annotations

import pytest

from store.engine import Store
from tests.web.conftest import Site
from tests.web.desk.conftest import Browser

A_BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


@pytest.mark.parametrize(
    ("method", "path", "status", "says"),
    [
        ("GET", "/nowhere", 404, "There is nothing at this address."),
        ("GET", "/referrals/nowhere/at/all", 404, "nothing at this address"),
        ("GET", "/static/nowhere.css", 404, "nothing at this address"),
        ("DELETE", "/board", 405, "does not take that method"),
        ("POST", "/", 405, "does not take that method"),
        ("GET", "/staff", 403, "Your role does not include this page"),
        ("GET", "/sources/src_1/scorecard?whole=perhaps", 422, "is not one of ours"),
    ],
)
async def test_who_is_signed_in_stays_on_the_desk(
    dana: Browser, method: str, path: str, status: int, says: str
) -> None:
    answer = await dana.http.request(method, path, headers=A_BROWSER)
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")
    assert says in answer.text
    assert 'href="/board"' in answer.text
    assert "Sign out" in answer.text


async def test_who_is_not_signed_in_is_shown_the_way_in(site: Site) -> None:
    answer = await site.http.get("/nowhere", headers=A_BROWSER)
    assert (answer.status_code, 'href="/sign-in"' in answer.text) == (404, True)


async def test_a_part_of_a_page_is_told_beside_it(dana: Browser) -> None:
    answer = await dana.http.get("/nowhere", headers={"hx-request": "true"})
    assert (answer.status_code, answer.headers["hx-retarget"]) == (404, "#trouble")
    assert "<html" not in answer.text


@pytest.mark.parametrize("path", ["/nowhere", "/api/v1/nowhere", "/hooks/nowhere", "/healthz/x"])
async def test_programs_are_told_in_json(site: Site, path: str) -> None:
    accepts = "application/json" if path == "/nowhere" else "text/html"
    answer = await site.http.get(path, headers={"accept": accepts})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


async def test_a_fault_of_ours_is_a_page_too(
    site: Site, dana: Browser, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken() -> None:
        raise RuntimeError("Jordan Sentinel")

    site.app.add_api_route("/broken", broken, tags=["desk"])
    site.app.add_api_route("/api/v1/broken", broken, tags=["figures"])
    answer = await dana.http.get("/broken", headers=A_BROWSER)
    assert (answer.status_code, "Something went wrong" in answer.text) == (500, True)
    assert 'href="/board"' in answer.text
    assert answer.headers["x-request-id"] in answer.text
    told = await dana.http.get("/api/v1/broken", headers=A_BROWSER)
    assert (told.status_code, told.json()["code"]) == (500, "internal")
    monkeypatch.setattr(store, "read", None)  # what draws the page is broken as well
    bare = await dana.http.get("/broken", headers=A_BROWSER)
    assert (bare.status_code, bare.json()["code"]) == (500, "internal")
    assert "Sentinel" not in answer.text + told.text + bare.text
