"""The service worker at the root of the site and what it names of the page that it keeps; and what
the manifest names."""

from __future__ import annotations

import json
import re
import struct
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import pytest
from django.conf import settings
from django.utils.translation import trans_real

from neartalk.http.manifest import manifest_text
from neartalk.http.worker import worker_script
from tests.support.client import api

if TYPE_CHECKING:
    from typing import Any

    from tests.support.servers import Server


async def test_the_worker_names_files_that_are_there_and_is_asked_for_anew(server: Server) -> None:
    async with api(server) as http:
        answer = await http.get("/service-worker.js")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
        assert answer.headers["cache-control"] == "no-cache"
        assert "script-src 'self'" in answer.headers["content-security-policy"]
        assert "set-cookie" not in answer.headers
        found = dict(re.findall(r"^const (VERSION|OFFLINE|FILES) = (.+);$", answer.text, re.M))
        named = [json.loads(found["OFFLINE"]), *json.loads(found["FILES"])]
        assert len(named) == 5
        for path in named:
            kept = await http.get(path)
            assert (kept.status_code, "set-cookie" in kept.headers) == (200, False), path
            assert "<form" not in kept.text, path  # nobody's token would be in it


def test_a_worker_is_another_one_once_the_page_or_a_file_has_another_name() -> None:
    def version(*urls: str) -> str:
        return worker_script("en", "/offline", *urls).splitlines()[0]

    before = version("/static/js/near.1.js", "/static/css/base.1.css")
    assert before == version("/static/js/near.1.js", "/static/css/base.1.css")
    assert before != version("/static/js/near.2.js", "/static/css/base.1.css")
    assert before != version("/static/js/near.1.js", "/static/css/base.2.css")


@pytest.mark.parametrize("language", ["de", "ar"])
def test_a_worker_is_another_one_once_the_page_for_whoever_is_offline_says_something_else(
    language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def version() -> str:
        worker_script.cache_clear()
        return worker_script(language, "/offline", "/static/js/near.1.js").splitlines()[0]

    before = version()
    assert before == version()
    words: Any = trans_real.translation(language)
    monkeypatch.setitem(words._catalog, "You are offline", "Somewhere else")
    assert before != version()


LANGUAGES = [language for language, _ in settings.LANGUAGES]


@pytest.mark.parametrize("language", ["en", "ar", "pt-br"])
async def test_a_page_names_the_manifest_of_its_language_which_nobody_asks_for_again(
    server: Server, language: str
) -> None:
    async with api(server) as http:
        page = (await http.get("/", headers={"Accept-Language": language})).text
        address = re.search(r'<link rel="manifest" href="([^"]+)">', page)
        assert address
        answer = await http.get(address[1])  # without a cookie, as browsers do
        assert "set-cookie" not in answer.headers
        assert answer.headers["content-type"] == "application/manifest+json"
        assert answer.headers["content-language"] == answer.json()["lang"] == language
        assert "immutable" in answer.headers["cache-control"]
        earlier = await http.get(f"/{language}.0123456789ab.webmanifest")
        assert (earlier.headers["cache-control"], earlier.json()) == ("no-cache", answer.json())
        assert (await http.get("/xx.0123456789ab.webmanifest")).status_code == 404


def test_each_language_has_a_manifest_in_its_own_words_and_direction() -> None:
    made = {language: json.loads(manifest_text(language)) for language in LANGUAGES}
    mirrored = {language for language, one in made.items() if one["dir"] == "rtl"}
    assert mirrored == {"ar", "he"}
    assert made["ar"]["description"] != made["en"]["description"]
    assert [one["name"] for one in made["ar"]["shortcuts"]] == ["بقربك", "الصوت"]


async def test_all_that_the_manifest_names_is_there_as_large_as_it_says(server: Server) -> None:
    async with api(server) as http:
        page = (await http.get("/")).text
        address = re.search(r'<link rel="manifest" href="([^"]+)">', page)
        assert address
        manifest: dict[str, Any] = (await http.get(address[1])).json()
        assert manifest["display"] == "standalone"
        assert {one.get("purpose", "any") for one in manifest["icons"]} == {"any", "maskable"}
        assert {one["form_factor"] for one in manifest["screenshots"]} == {"narrow", "wide"}
        pictures = [*manifest["icons"], *manifest["screenshots"]]
        pictures += [icon for one in manifest["shortcuts"] for icon in one["icons"]]
        for picture in pictures:
            answer = await http.get(urljoin(address[1], picture["src"]))
            assert answer.headers["content-type"] == picture["type"]
            if picture["type"] == "image/png":
                width, height = struct.unpack(">II", answer.content[16:24])
                assert picture["sizes"] == f"{width}x{height}"
        for one in manifest["shortcuts"]:
            assert (await http.get(one["url"])).status_code in {200, 302}
