"""Which servers a client may use to reach others."""

from django.http import HttpResponse, JsonResponse

from neartalk.clock import now_ms
from neartalk.http import HtmxRequest, endpoint
from neartalk.limits import Act, allow
from presence.parts import presence_of
from voice.ice import LIFE_S, servers


@endpoint("GET")
async def ice(request: HtmxRequest) -> HttpResponse:
    """STUN and TURN servers, with credentials for this session alone."""
    presence = presence_of(request)
    session = await presence.sessions.of_request(request)
    await allow(presence.platform.allowances, "too-often", Act("voice.ice", session.digest))
    found = servers(session.digest, now_ms() // 1000)
    relay = any("credential" in server for server in found)
    answer = {"ice_servers": found, "policy": "relay", "relay": relay, "expires_in": LIFE_S}
    return JsonResponse(answer)
