"""The pages."""

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from neartalk.codes import Refused, objections_url
from neartalk.http import HtmxRequest, refusal, site_origin
from neartalk.models import Reason
from presence.delivery import panel, safe
from presence.geo import RADIUS_STOPS_M
from presence.invite import qr_svg
from presence.likeness import namesakes
from presence.parts import presence_of
from presence.placement import around, effective_in_s, shown
from presence.roster import Listing, Nearby
from presence.sessions import DEVICE_S
from presence.values import Session


@require_safe
@never_cache
@ensure_csrf_cookie
async def welcome(request: HttpRequest) -> HttpResponse:
    try:
        presence_of(request).sessions.refuse_banned(request)
    except Refused as refused:
        return render(request, "welcome.html", {"refusal": refused})
    return render(request, "welcome.html")


@require_safe
async def privacy(request: HttpRequest) -> HttpResponse:
    return render(request, "privacy.html", figures())


def figures() -> dict[str, int]:
    """For how long is kept what the pages of words speak of."""
    return {
        "life_minutes": settings.MESSAGE_LIFE_SECONDS // 60,
        "idle_minutes": settings.SESSION_IDLE_SECONDS // 60,
        "evidence_days": settings.EVIDENCE_DAYS,
        "report_days": settings.REPORTS_KEPT_DAYS,
        "sanction_days": settings.SANCTIONS_KEPT_DAYS,
        "hits_days": settings.HITS_KEPT_DAYS,
        "activity_days": settings.ACTIVITY_KEPT_DAYS,
        "log_days": settings.ADMIN_LOG_KEPT_DAYS,
        "device_days": DEVICE_S // 86_400,
    }


@require_safe
async def rules(request: HttpRequest) -> HttpResponse:
    values = {"objections": settings.OBJECTIONS, "objections_url": objections_url()}
    return render(request, "rules.html", values)


@require_safe
@never_cache
async def invite_code(request: HttpRequest) -> HttpResponse:
    """Nothing where only the browser knows the address: a Host that anybody may write is in no
    code."""
    if not (url := invite_url(request)):
        raise Http404
    return HttpResponse(qr_svg(url), content_type="image/svg+xml")


def invite_url(request: HttpRequest) -> str:
    """Where others are invited to, the first page; `""` where only the browser knows it."""
    origin = site_origin(request)
    return f"{origin}/" if origin else ""


@require_safe
async def safety(request: HttpRequest) -> HttpResponse:
    return render(request, "safety.html", {"life_minutes": settings.MESSAGE_LIFE_SECONDS // 60})


@require_safe
async def terms(request: HttpRequest) -> HttpResponse:
    """The operator's own, where there are some: as plain text, whatever is in it."""
    life_minutes = settings.MESSAGE_LIFE_SECONDS // 60
    return render(
        request, "terms.html", {"paragraphs": settings.TERMS, "life_minutes": life_minutes}
    )


@require_safe
@never_cache
@ensure_csrf_cookie
async def near(request: HttpRequest) -> HttpResponse:
    presence = presence_of(request)
    try:
        session = await presence.sessions.of_request(request)
    except Refused:
        return redirect("welcome")
    if not session.person.cell:
        return redirect("welcome")
    session = await shown(presence, session)
    nearby = await around(presence, session)
    values = {
        **own(session, nearby),
        "people": safe(panel.people_html(Listing.of(nearby), session.person.radius_m)),
        "radius": session.person.radius_m,
        "effective_in": effective_in_s(presence, session),
        "stops": RADIUS_STOPS_M,
        "stop": nearest_stop(session.person.radius_m),
        "life_minutes": settings.MESSAGE_LIFE_SECONDS // 60,
        "life_ms": settings.MESSAGE_LIFE_SECONDS * 1000,
        "reasons": Reason.choices,
        "invite_url": invite_url(request),
        "evidence_days": settings.EVIDENCE_DAYS,
        "push_key": pushes.keys.public_key if (pushes := presence.platform.pushes) else "",
    }
    return render(request, "near.html", values)


def csrf_failure(request: HtmxRequest, reason: str = "") -> HttpResponse:
    if request.path.startswith("/api/"):
        return refusal(request, Refused("csrf"))
    return render(request, "403_csrf.html", status=403)


def own(session: Session, nearby: Nearby | None) -> dict[str, Any]:
    """What the page shows of its own person."""
    others = (one.person for one in nearby.shown) if nearby else ()
    return {
        "me": session.person,
        "roughness": session.requested.roughness,
        "renames_left": session.renames_left,
        "renames_allowed": settings.RENAMES,
        "same_name": namesakes(session.person.name, others) + 1,
        "error": "",
        "attempt": "",
    }


def nearest_stop(radius_m: int) -> int:
    """Which of the dial's stops a reach stands on, or is closest to."""
    return min(range(len(RADIUS_STOPS_M)), key=lambda stop: abs(RADIUS_STOPS_M[stop] - radius_m))
