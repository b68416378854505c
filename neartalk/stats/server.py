"""What a running server says of itself by /api/health and /metrics."""

from collections.abc import Iterator, Mapping

import httpx
from django.conf import settings
from prometheus_client.parser import text_string_to_metric_families

from neartalk.stats.redis import TIMEOUT_S, Figure

PREFIX = "neartalk_"
# A histogram is for graphs.
PLAIN = {"gauge", "counter"}


def server(url: str) -> Iterator[Figure]:
    token = settings.METRICS_TOKEN
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    with httpx.Client(base_url=url, timeout=TIMEOUT_S, trust_env=False) as http:
        try:
            yield parts_away(url, http.get("/api/health"))
            yield from metrics(url, http.get("/metrics", headers=headers))
        except httpx.HTTPError as lost:
            yield Figure(url, "parts away", None, f"does not answer: {type(lost).__name__}")


def parts_away(url: str, answer: httpx.Response) -> Figure:
    """How many parts it stands on do not answer it, and which."""
    try:
        told: Mapping[str, bool] = answer.json()
        away = [part for part, is_well in told.items() if not is_well and part != "draining"]
    except (ValueError, AttributeError):
        return Figure(url, "parts away", None, f"not answered by NearTalk: {answer.status_code}")
    return Figure(url, "parts away", len(away), ", ".join(away))


def metrics(url: str, answer: httpx.Response) -> Iterator[Figure]:
    """Each figure of ours, whatever its labels, in all."""
    if not answer.is_success:
        why = "only its own machine may read them, or who has METRICS_TOKEN"
        yield Figure(url, "metrics", None, f"not told ({answer.status_code}): {why}")
        return
    for family in text_string_to_metric_families(answer.text):
        is_ours = family.name.startswith(PREFIX) and not family.name.endswith("_created")
        if is_ours and family.type in PLAIN:
            name = family.name.removeprefix(PREFIX).replace("_", " ")
            yield Figure(url, name, round(sum(sample.value for sample in family.samples)))
