"""HTML answers are compressed, but those that hold what others wrote.

Where a text of a stranger stands beside a secret in one compressed answer, the lengths of many such
answers tell the secret (BREACH). The CSRF token is masked anew in each answer; what else is secret
in one stands in docs/operators.md.
"""

import re
from functools import cache

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.utils.text import compress_string

from neartalk.http.middleware import OnLoop, admin_path

ACCEPTED = re.compile(r"\bgzip\b(?!\s*;\s*q=0(?:\.0*)?\s*(?:,|\Z))", re.IGNORECASE)
# Shorter ones would hardly become so.
LEAST = 512
# So many bytes at most are added by chance, so that lengths of single answers tell nothing.
PADDING_MAX = 100


class Compressed(OnLoop):
    """gzip, of HTML alone."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        if not isinstance(response, HttpResponse) or not is_public(request, response):
            return response
        patch_vary_headers(response, ("Accept-Encoding",))
        if ACCEPTED.search(request.headers.get("accept-encoding", "")):
            response.content = compress_string(response.content, max_random_bytes=PADDING_MAX)
            response["Content-Encoding"] = "gzip"
            response["Content-Length"] = str(len(response.content))
        return response


def is_public(request: HttpRequest, response: HttpResponse) -> bool:
    """Whether an answer is HTML without secrets, and long enough to compress."""
    is_html = response.headers.get("Content-Type", "").startswith("text/html")
    plain = is_html and "Content-Encoding" not in response.headers
    return plain and len(response.content) >= LEAST and not request.path.startswith(secret_paths())


@cache
def secret_paths() -> tuple[str, ...]:
    """Pages of operators hold reports, and rows of messages what somebody said."""
    return admin_path(), reverse("messages")
