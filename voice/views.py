"""Which servers a client may use to reach others."""

from django.http import HttpResponse, JsonResponse

from neartalk.clock import now_ms
from neartalk.http import HtmxRequest, endpoint
from neartalk.limits import Act, allow
from presence.parts import presence_of
from voice.ice import LIFE_S, has_relay, servers
from voice.parts import voice_of


@endpoint("GET")
async def ice(request: HtmxRequest) -> HttpResponse:
    """STUN and TURN servers, with credentials for this session alone, and what is known of the
    relay."""
    presence = presence_of(request)
    session = await presence.sessions.of_request(request)
    await allow(presence.platform.allowances, "too-often", Act("voice.ice", session.digest))
    relay_watch = voice_of(request).relay_watch
    relay_watch.ask_soon()
    answer = {
        "ice_servers": servers(session.digest, now_ms() // 1000),
        "policy": "relay",
        "relay": has_relay(),
        "relay_works": relay_watch.works,
        "expires_in": LIFE_S,
    }
    return JsonResponse(answer)
