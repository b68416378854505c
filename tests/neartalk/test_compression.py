"""HTML answers are compressed for whoever takes it; what others wrote is not."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Any, cast

import pytest
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.test import AsyncClient, AsyncRequestFactory
from django.urls import reverse

from neartalk.http.compression import LEAST, PADDING_MAX, Compressed

if TYPE_CHECKING:
    from django.http.response import HttpResponseBase
    from pytest_django.fixtures import Settings

PAGE = b"<p>Hello</p>" * 200


async def answered(
    content: HttpResponseBase, accepted: str = "gzip, deflate, br", path: str = "/"
) -> HttpResponseBase:
    async def view(request: HttpRequest) -> HttpResponseBase:
        return content

    request = AsyncRequestFactory().get(path, headers={"Accept-Encoding": accepted})
    found: HttpResponseBase = await cast(Any, Compressed(view)(request))
    return found


@pytest.mark.parametrize("accepted", ["gzip", "br, gzip", "gzip;q=0.5", "GZIP", "deflate,gzip;q=1"])
async def test_a_page_is_compressed_and_what_comes_out_is_the_page(accepted: str) -> None:
    answer = await answered(HttpResponse(PAGE), accepted)
    assert isinstance(answer, HttpResponse)
    assert gzip.decompress(answer.content) == PAGE
    assert (answer["Content-Encoding"], answer["Vary"]) == ("gzip", "Accept-Encoding")
    assert int(answer["Content-Length"]) == len(answer.content) < len(PAGE) / 5


@pytest.mark.parametrize("accepted", ["", "br", "identity", "gzip;q=0", "gzip; q=0.0, br", "xgzip"])
async def test_whoever_does_not_take_it_gets_the_page_as_it_is(accepted: str) -> None:
    answer = await answered(HttpResponse(PAGE), accepted)
    assert isinstance(answer, HttpResponse)
    assert (answer.content, answer["Vary"]) == (PAGE, "Accept-Encoding")
    assert "Content-Encoding" not in answer.headers


@pytest.mark.parametrize("path", ["/admin/", "/admin/chat/report/1/change/", reverse("messages")])
async def test_what_others_wrote_is_not_compressed(path: str) -> None:
    answer = await answered(HttpResponse(PAGE), path=path)
    assert isinstance(answer, HttpResponse)
    assert answer.content == PAGE


@pytest.mark.parametrize(
    "content",
    [
        HttpResponse(b"x" * (LEAST - 1)),
        HttpResponse(PAGE, content_type="text/plain"),
        HttpResponse(PAGE, headers={"Content-Encoding": "br"}),
        HttpResponse(status=304),
        JsonResponse({"session_id": "x" * 1000}),
        StreamingHttpResponse([PAGE]),
    ],
)
async def test_nothing_else_is(content: HttpResponseBase) -> None:
    before = {**content.headers}
    answer = await answered(content)
    assert answer is content
    assert {**answer.headers} == before


async def test_the_length_of_an_answer_is_padded_by_chance() -> None:
    answers = [await answered(HttpResponse(PAGE)) for _ in range(500)]
    lengths = {int(answer["Content-Length"]) for answer in answers}
    assert len(lengths) > PADDING_MAX / 2
    assert max(lengths) - min(lengths) <= PADDING_MAX + 1


@pytest.mark.parametrize("path", ["/privacy", "/rules"])
async def test_pages_go_through_it(path: str, settings: Settings) -> None:
    settings.WHITENOISE_AUTOREFRESH = True  # no file is collected here
    answer = await AsyncClient().get(path, headers={"accept-encoding": "gzip"})
    assert answer["Content-Encoding"] == "gzip"
    assert b"<!doctype html>" in gzip.decompress(answer.content)
