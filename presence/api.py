"""The calls by which a person comes, moves, changes their name, blocks somebody and leaves."""

from django.conf import settings
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django_htmx.http import HttpResponseClientRedirect, trigger_client_event

from neartalk.clock import now_ms
from neartalk.codes import Refused
from neartalk.http import HtmxRequest, body_of, endpoint, forget_text_size
from neartalk.limits import (
    Act,
    Origin,
    Paid,
    allow,
    narrowest,
    new_challenge,
    read_solution,
    widest_network,
)
from presence.allowances import allow_place
from presence.delivery import fragment, panel
from presence.forms import LocationForm, NameForm, NewcomerForm, PersonForm
from presence.geo import RADIUS_STOPS_M, Roughness, area_of, cell_at
from presence.likeness import namesakes
from presence.parts import Presence, presence_of
from presence.place_clock import reaching
from presence.placement import around, effective_in_s, placed, put, shown
from presence.price import allow_session, price_of
from presence.roster import Listing
from presence.sessions import cookie_name, device_of, keep, key_of, new_device
from presence.suspicion import count_look, count_unplaced
from presence.values import Place, Session
from presence.views import own


@endpoint("POST")
async def session_create(request: HtmxRequest) -> HttpResponse:
    form = NewcomerForm(body_of(request))
    if not form.is_valid():
        raise Refused(form.why())
    presence = presence_of(request)
    presence.sessions.refuse_banned(request)
    origin = await presence.platform.origins.of(request.scope)
    await allow_session(presence.platform, origin, paid_of(form.cleaned_data["altcha"], origin))
    await retire(presence, key_of(request))
    # Only a browser keeps what it is given besides its key.
    device = device_of(request) or new_device() if request.htmx else None
    key, session = await presence.sessions.open(
        form.cleaned_data["username"],
        device=device,
        origin=narrowest(origin),
        roughness=form.cleaned_data["roughness"] or Roughness.BLOCK,
        language=get_language() or settings.LANGUAGE_CODE,
    )
    await count_unplaced(presence.platform, origin, session.digest)
    if device:
        response = HttpResponse(status=201)
        keep(response, key, device)
        return response
    return JsonResponse({"session_id": key, **described(session)}, status=201)


def paid_of(solution: str, origin: Origin) -> Paid | None:
    """What a solution is worth; None where none was sent. Raises Refused: `work-wrong`,
    `work-late`."""
    return read_solution(solution, narrowest(origin), now_ms()) if solution else None


@endpoint("GET")
async def session_challenge(request: HtmxRequest) -> HttpResponse:
    """The work that the next session of the network costs, as ALTCHA has it; 204 where it costs
    nothing."""
    presence = presence_of(request)
    platform = presence.platform
    presence.sessions.refuse_banned(request)
    origin = await platform.origins.of(request.scope)
    network = narrowest(origin)
    if not network:
        return HttpResponse(status=204)
    await allow(platform.allowances, "too-many-calls", Act("session.challenge", network))
    price_ms = (await price_of(platform, origin)).price_ms
    if not price_ms:
        return HttpResponse(status=204)
    return JsonResponse(new_challenge(price_ms, network, now_ms()))


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
        if session.person.cell:
            session = await shown(presence, session)
        await refuse_taken(presence, session, form.cleaned_data["username"])
        change = await presence.registry.rename(session.digest, form.cleaned_data["username"])
    except Refused as refused:
        if not request.htmx:
            raise
        return await self_panel(request, session, refused)
    presence.hub.announce(change)
    if request.htmx:
        return await self_panel(request, change.session)
    return JsonResponse(described(change.session))


async def refuse_taken(presence: Presence, session: Session, name: str) -> None:
    """Raises Refused: `name-taken` if it looks like the name of somebody whom the person is shown.

    Of whom they are not shown they are told nothing.
    """
    if not session.person.cell or name == session.person.name:
        return
    nearby = await around(presence, session)
    if namesakes(name, (one.person for one in nearby.shown)):
        raise Refused("name-taken")


@endpoint("POST")
async def session_leave(request: HtmxRequest) -> HttpResponse:
    presence = presence_of(request)
    await presence.hub.end(await presence.sessions.of_request(request))
    response = HttpResponse(status=204)
    if request.htmx:
        response = HttpResponseClientRedirect("/")
    elif cookie_name() in request.COOKIES:
        response = redirect("welcome")
    response.delete_cookie(cookie_name())
    forget_text_size(response)
    return response


@endpoint("POST")
async def location_update(request: HtmxRequest) -> HttpResponse:
    form = LocationForm(body_of(request))
    if not form.is_valid():
        raise Refused(form.why())
    # Before anything else: from here on there are cells only.
    cell = cell_at(form.cleaned_data["lat"], form.cleaned_data["lon"])
    presence = presence_of(request)
    session = await presence.sessions.of_request(request)
    roughness = form.cleaned_data["roughness"] or session.requested.roughness
    asked = Place(cell, form.cleaned_data["radius"], roughness)
    await allow_place(presence.platform.allowances, session, reaching(*asked))
    begins = not session.person.cell
    origin = await presence.platform.origins.of(request.scope)
    if begins:
        await count_look(presence.platform, origin, session.origin, session.digest, cell)
    networks = {widest_network(origin), session.origin}
    session = (await put(presence, session, asked, networks=networks)).session
    if begins:
        presence.platform.records.activity.count_session(area_of(cell))
    nearby = await around(presence, session)
    radius_m, waits_s = nearby.place.radius_m, effective_in_s(presence, session)
    if not request.htmx:
        same = namesakes(session.person.name, (one.person for one in nearby.shown))
        place = {"cell": nearby.place.cell, "radius": radius_m, "roughness": nearby.place.roughness}
        answer = {"in_range": nearby.count, "effective_in": waits_s, "namesakes": same}
        return JsonResponse({**place, **answer})
    response = HttpResponse(panel.people_html(Listing.of(nearby), radius_m))
    if waits_s:
        trigger_client_event(response, "place-pending", {"effective_in": waits_s})
    if radius_m < asked.radius_m and asked.radius_m in RADIUS_STOPS_M:
        trigger_client_event(response, "radius-narrowed", {"radius": radius_m})
    return response


@endpoint("POST")
async def block(request: HtmxRequest) -> HttpResponse:
    """Hides two people from each other, as long as both sessions live."""
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
    told_ms = presence.hub.newcomer_ms(session)
    for change in await presence.registry.block(session.digest, person_id, told_ms=told_ms):
        presence.hub.announce(change)
    return HttpResponse(status=204)


@endpoint("POST")
async def unblock(request: HtmxRequest) -> HttpResponse:
    """Takes back a block of one's own, while both sessions live."""
    form = PersonForm(body_of(request))
    if not form.is_valid():
        raise Refused("bad-frame")
    presence = presence_of(request)
    session = await presence.sessions.of_request(request)
    await allow(presence.platform.allowances, "too-often", Act("person.block", session.digest))
    await presence.hub.start()
    person_id = form.cleaned_data["person_id"]
    for change in await presence.registry.unblock(session.digest, person_id):
        presence.hub.announce(change)
    return HttpResponse(status=204)


@endpoint("GET")
async def blocks(request: HtmxRequest) -> HttpResponse:
    """Whom a person blocked, as far as those are still here."""
    presence = presence_of(request)
    session = await presence.sessions.of_request(request)
    found = await presence.registry.persons(sorted(session.blocked)) if session.blocked else {}
    people = sorted(found.values(), key=lambda one: (one.name, one.person_id))
    if request.htmx:
        each = (fragment("_blocked_row.html", {"person": one}).strip() for one in people)
        rows = "".join(each)
        return HttpResponse(f"<ul>{rows}</ul>")
    listed = [{"person_id": one.person_id, "username": one.name} for one in people]
    return JsonResponse({"people": listed})


@endpoint("GET")
async def nearby(request: HtmxRequest) -> HttpResponse:
    presence = presence_of(request)
    found = await around(presence, await placed(presence, request))
    if request.htmx:
        return HttpResponse(panel.people_html(Listing.of(found), found.place.radius_m))
    people = [panel.listed(one) for one in Listing.of(found).people.values()]
    return JsonResponse({"count": found.count, "people": people})


async def self_panel(
    request: HtmxRequest, session: Session, refused: Refused | None = None
) -> HttpResponse:
    """The name editor, as it is now or with what is wrong."""
    presence = presence_of(request)
    found = None
    if session.person.cell:
        session = await shown(presence, session)
        found = await around(presence, session)
    values = own(session, found)
    if refused:
        presence.platform.instruments.count_refusal(refused)
        values["error"] = refused.title
        attempt = str(body_of(request).get("username", ""))
        # JSON may hold half a character, which no answer can.
        values["attempt"] = attempt.encode(errors="ignore").decode()
    status = refused.row.status if refused else 200
    return render(request, "_self.html", values, status=status)


def described(session: Session) -> dict[str, str | int]:
    return {
        "person_id": session.person.person_id,
        "username": session.person.name,
        "renames_left": session.renames_left,
        "expires_in": settings.SESSION_IDLE_SECONDS,
    }
