"""The pages, and the calls by which a person comes, moves, changes their name and leaves."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.views.decorators.csrf import ensure_csrf_cookie
from django.views.decorators.http import require_safe

from neartalk.codes import Refused
from neartalk.http import HtmxRequest, body_of, endpoint, refusal
from neartalk.limits import (
    Act,
    Allowances,
    Origin,
    allow,
    narrowest,
    origin_of,
    peer_and_forwarded,
    widest_network,
)
from neartalk.models import Reason
from neartalk.parts import Platform
from presence import geo
from presence.delivery import panel
from presence.forms import FirstNameForm, LocationForm, NameForm, PersonForm
from presence.geo import RADIUS_STOPS_M, apart, area_of, cell_at, label
from presence.parts import Presence, presence_of
from presence.people import Change, Place, Session
from presence.roster import Nearby
from presence.sessions import (
    DEVICE_S,
    cookie_name,
    device_of,
    keep,
    key_of,
    new_device,
)

# ---- Pages -----------------------------------------------------------------------------------


@require_safe
@ensure_csrf_cookie
async def welcome(request: HttpRequest) -> HttpResponse:
    try:
        presence_of(request).sessions.refuse_banned(request)
    except Refused as refused:
        return render(request, "welcome.html", {"refusal": refused})
    return render(request, "welcome.html")


@require_safe
async def privacy(request: HttpRequest) -> HttpResponse:
    figures = {
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
    return render(request, "privacy.html", figures)


@require_safe
async def rules(request: HttpRequest) -> HttpResponse:
    return render(request, "rules.html")


@require_safe
@ensure_csrf_cookie
async def near(request: HttpRequest) -> HttpResponse:
    presence = presence_of(request)
    try:
        session = await presence.sessions.of_request(request)
    except Refused:
        return redirect("welcome")
    if not session.person.cell:
        return redirect("welcome")
    nearby = await around(presence, session)
    shown = {
        **own(session, nearby),
        "nearby": panel.context(nearby),
        "radius": session.person.radius_m,
        "stops": RADIUS_STOPS_M,
        "stop": nearest_stop(session.person.radius_m),
        "life_minutes": settings.MESSAGE_LIFE_SECONDS // 60,
        "reasons": Reason.choices,
        "evidence_days": settings.EVIDENCE_DAYS,
    }
    return render(request, "near.html", shown)


def csrf_failure(request: HtmxRequest, reason: str = "") -> HttpResponse:
    if request.path.startswith("/api/"):
        return refusal(request, Refused("csrf"))
    return render(request, "403_csrf.html", status=403)


# ---- Calls -----------------------------------------------------------------------------------


@endpoint("POST")
async def session_create(request: HtmxRequest) -> HttpResponse:
    form = FirstNameForm(body_of(request))
    if not form.is_valid():
        raise Refused(form.why())
    presence = presence_of(request)
    presence.sessions.refuse_banned(request)
    origin = await allow_session(presence.platform, request)
    await retire(presence, key_of(request))
    # Only a browser keeps what it is given besides its key.
    device = device_of(request) or new_device() if request.htmx else None
    key, session = await presence.sessions.open(
        form.cleaned_data["username"], device=device, origin=narrowest(origin)
    )
    if device:
        response = HttpResponse(status=201)
        keep(response, key, device)
        return response
    return JsonResponse({"session_id": key, **described(session)}, status=201)


async def allow_session(platform: Platform, request: HtmxRequest) -> Origin:
    """Where they come from, which is slow where somebody is banned, for all who come from there.

    Raises Refused: `too-many-sessions`.
    """
    origin = await origin_of(platform.keys, *peer_and_forwarded(request.scope))
    near, beside = narrowest(origin), widest_network(origin)
    acts = [Act(f"session.{part}", one, beside=beside) for part, one in origin.items()]
    if platform.sanctions.slowed(near):
        acts.append(Act("session.banned", near, beside=beside))
    await allow(platform.allowances, "too-many-sessions", *acts)
    return origin


async def allow_place(allowances: Allowances, session: Session, place: Place) -> None:
    """Nobody scans a city with one session. Raises Refused: `too-often`, `too-far`."""
    before, subject = session.person.place, session.digest
    if place.cell != before.cell:
        await allow(allowances, "too-often", Act("place.move", subject))
        metres = round(apart(before.cell, place.cell)) if before.cell else 0
        await allow(allowances, "too-far", Act("place.travel", subject, metres))
    elif place.radius_m != before.radius_m:
        await allow(allowances, "too-often", Act("place.radius", subject))


async def retire(presence: Presence, key: str | None) -> None:
    """Whoever starts anew is not here twice."""
    try:
        session = await presence.sessions.of_key(key)
    except Refused:
        return
    await presence.hub.end(session)


@endpoint("PATCH")
async def session_username(request: HtmxRequest) -> HttpResponse:
    presence = presence_of(request)
    session = await presence.sessions.of_request(request)
    form = NameForm(body_of(request))
    try:
        if not form.is_valid():
            raise Refused(form.why())
        await presence.hub.start()
        change = await presence.registry.rename(session.digest, form.cleaned_data["username"])
    except Refused as refused:
        if not request.htmx:
            raise
        return await self_panel(request, session, refused)
    presence.hub.announce(change)
    if request.htmx:
        return await self_panel(request, change.session)
    return JsonResponse(described(change.session))


@endpoint("POST")
async def session_leave(request: HtmxRequest) -> HttpResponse:
    presence = presence_of(request)
    await presence.hub.end(await presence.sessions.of_request(request))
    response = HttpResponse(status=204)
    if request.htmx:
        response = HttpResponse(headers={"HX-Redirect": "/"})
    elif cookie_name() in request.COOKIES:
        response = redirect("welcome")
    response.delete_cookie(cookie_name())
    return response


@endpoint("POST")
async def location_update(request: HtmxRequest) -> HttpResponse:
    form = LocationForm(body_of(request))
    if not form.is_valid():
        raise Refused(form.why())
    # Before anything else: from here on there are cells only.
    cell = cell_at(form.cleaned_data["lat"], form.cleaned_data["lon"])
    asked_m = form.cleaned_data["radius"]
    place = Place(cell, geo.capped_radius_m(cell, asked_m))
    presence = presence_of(request)
    session = await presence.sessions.of_request(request)
    await allow_place(presence.platform.allowances, session, place)
    begins = not session.person.cell
    session = (await put(presence, session, place)).session
    if begins:
        presence.platform.records.activity.count_session(area_of(place.cell))
    nearby = await around(presence, session)
    if not request.htmx:
        answer = {"cell": place.cell, "radius": place.radius_m, "in_range": nearby.count}
        return JsonResponse(answer)
    response = HttpResponse(panel.people_html(nearby))
    if place.radius_m < asked_m:
        response["HX-Trigger"] = f'{{"radius-narrowed": {{"radius": {place.radius_m}}}}}'
    return response


@endpoint("POST")
async def block(request: HtmxRequest) -> HttpResponse:
    """Neither of the two sees or hears the other from now on, as long as both stay."""
    form = PersonForm(body_of(request))
    if not form.is_valid():
        raise Refused("bad-frame")
    presence = presence_of(request)
    session = await presence.sessions.of_request(request)
    person_id = form.cleaned_data["person_id"]
    if person_id == session.person.person_id:
        raise Refused("not-found")
    await allow(presence.platform.allowances, "too-often", Act("person.block", session.digest))
    await presence.hub.start()
    for change in await presence.registry.block(session.digest, person_id):
        presence.hub.announce(change)
    return HttpResponse(status=204)


@endpoint("GET")
async def nearby(request: HtmxRequest) -> HttpResponse:
    presence = presence_of(request)
    found = await around(presence, await placed(presence, request))
    if request.htmx:
        return HttpResponse(panel.people_html(found))
    people = [panel.listed(one.person, label(one.label_m)) for one in found.shown]
    return JsonResponse({"count": found.count, "people": people})


# ---- Steps -----------------------------------------------------------------------------------


async def placed(presence: Presence, request: HttpRequest) -> Session:
    """The session of a request that needs a place; it is shown to others for another minute.

    Raises Refused: `session-unknown`, `no-place`.
    """
    session, hub = await presence.sessions.of_request(request), presence.hub
    if not session.person.cell:
        raise Refused("no-place")
    await hub.start()
    if session.person.alive(hub.leases.processes, hub.now_ms() + 30_000):
        return session
    return (await put(presence, session, None)).session


async def put(presence: Presence, session: Session, place: Place | None) -> Change:
    """Publishes a person in a place, or where they are.

    The process that holds their sockets stays named.
    """
    hub, process = presence.hub, session.person.process
    await hub.start()
    holder = process if process in hub.leases.processes else ""
    change = await presence.registry.place(session.digest, place, holder)
    hub.announce(change)
    return change


async def around(presence: Presence, session: Session) -> Nearby:
    """Who is near a person who is published themselves."""
    found = await presence.hub.nearby(session.person.place, session.hidden)
    return found.seen_by(session.person.person_id)


async def self_panel(
    request: HtmxRequest, session: Session, refused: Refused | None = None
) -> HttpResponse:
    """The name editor, as it is now or with what is wrong."""
    presence = presence_of(request)
    found = await around(presence, session) if session.person.cell else None
    shown = own(session, found)
    if refused:
        presence.platform.instruments.count_refusal(refused)
        shown["error"] = f"{refused.title} {session.person.name} stays for now."
        shown["attempt"] = str(body_of(request).get("username", ""))
    status = refused.row.status if refused else 200
    return render(request, "_self.html", shown, status=status)


def own(session: Session, nearby: Nearby | None) -> dict[str, Any]:
    """What the page says about yourself."""
    near_by = nearby.shown if nearby else ()
    same = sum(one.person.name == session.person.name for one in near_by)
    return {
        "me": session.person,
        "renames_left": session.renames_left,
        "renames_allowed": settings.RENAMES,
        "same_name": same + 1,
        "error": "",
        "attempt": "",
    }


def described(session: Session) -> dict[str, str | int]:
    return {
        "person_id": session.person.person_id,
        "username": session.person.name,
        "renames_left": session.renames_left,
        "expires_in": settings.SESSION_IDLE_SECONDS,
    }


def nearest_stop(radius_m: int) -> int:
    """Which of the dial's stops a reach stands on, or is closest to."""
    return min(range(len(RADIUS_STOPS_M)), key=lambda stop: abs(RADIUS_STOPS_M[stop] - radius_m))
