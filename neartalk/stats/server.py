"""What a running server says of itself by /api/health and /metrics."""

from collections.abc import Iterator, Mapping

import httpx
from django.conf import settings
from prometheus_client.parser import text_string_to_metric_families

from neartalk.stats.stat import TIMEOUT_S, Stat

PREFIX = "neartalk_"
# A histogram is for graphs.
PLAIN = {"gauge", "counter"}


def server_stats(url: str) -> Iterator[Stat]:
    token = settings.METRICS_TOKEN
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with httpx.Client(base_url=url, timeout=TIMEOUT_S, trust_env=False) as http:
        try:
            yield parts_away(url, http.get("/api/health"))
            yield from metrics(url, http.get("/metrics", headers=headers))
        except httpx.HTTPError as lost:
            yield Stat(url, "parts away", None, f"does not answer: {type(lost).__name__}")


def parts_away(url: str, answer: httpx.Response) -> Stat:
    """How many parts do not answer the server, and which."""
    try:
        parts: Mapping[str, bool] = answer.json()
        away = [part for part, is_well in parts.items() if is_well is False and part != "draining"]
    except (ValueError, AttributeError):
        return Stat(url, "parts away", None, f"not answered by NearTalk: {answer.status_code}")
    return Stat(url, "parts away", len(away), ", ".join(away))


def metrics(url: str, answer: httpx.Response) -> Iterator[Stat]:
    """Each gauge and counter of ours, added up over its labels."""
    if not answer.is_success:
        why = "only its own machine may read them, or who has METRICS_TOKEN"
        yield Stat(url, "metrics", None, f"not told ({answer.status_code}): {why}")
        return
    for family in text_string_to_metric_families(answer.text):
        is_ours = family.name.startswith(PREFIX) and not family.name.endswith("_created")
        if is_ours and family.type in PLAIN:
            name = family.name.removeprefix(PREFIX).replace("_", " ")
            yield Stat(url, name, round(sum(sample.value for sample in family.samples)))
