"""What was said in range, for those who ask instead of listening."""

from django.http import HttpResponse, JsonResponse

from chat.feed import feed
from chat.messages import stream_id_of
from chat.replay import ARRIVAL_MAX, gather, heard_at
from chat.said import Said
from neartalk.codes import Refused
from neartalk.http import HtmxRequest, endpoint
from presence.frames import Form
from presence.geo import apart, label, tiles_within
from presence.views import placed


@endpoint("GET")
async def messages(request: HtmxRequest) -> HttpResponse:
    """The newest 200 in range and alive, oldest first; `?before=<id>` reads on from there."""
    person = (await placed(request)).person
    before = None
    if "before" in request.GET:
        before = stream_id_of(request.GET["before"])
        if before is None:
            raise Refused("bad-frame")
    place = person.place
    replay = await gather(
        feed().history,
        tiles_within(place.cell, place.radius_m),
        lambda message: heard_at(place, message),
        limit=ARRIVAL_MAX,
        before=before,
    )
    said = [
        (Said(message, replay.mark_ms), label(apart(place.cell, message.place.cell)))
        for message in replay.messages
    ]
    if request.htmx:
        mine = person.person_id
        rows = (one.row(Form.HTML, far, mine=one.person_id == mine) for one, far in said)
        return HttpResponse("".join(rows))
    return JsonResponse({"messages": [one.fields(far) for one, far in said]})
