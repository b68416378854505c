"""The calls by which a browser says how it is reached while its page sleeps."""

from django.http import HttpResponse, JsonResponse

from neartalk.codes import Refused
from neartalk.http import HtmxRequest, body_of, endpoint
from neartalk.limits import Act, allow
from neartalk.push import PushSender, PushSubscription, is_subscription
from presence.forms import PushForm
from presence.parts import Presence, presence_of
from presence.values import Session


@endpoint("GET")
async def push(request: HtmxRequest) -> HttpResponse:
    """The key that browsers subscribe with: nobody's secret."""
    return JsonResponse({"key": sender_of(presence_of(request)).keys.public_key})


@endpoint("POST")
async def push_subscribe(request: HtmxRequest) -> HttpResponse:
    """From now on whoever leaves without ending their session is away, and told by pushes."""
    presence = presence_of(request)
    sender, session = sender_of(presence), await allowed(presence, request)
    form = PushForm(body_of(request))
    if not form.is_valid():
        raise Refused("bad-frame")
    fields = form.cleaned_data
    subscription = PushSubscription(
        fields["endpoint"], fields["p256dh"], fields["auth"], fields["text"]
    )
    if not is_subscription(subscription):
        raise Refused("bad-frame")
    if not sender.takes(subscription.endpoint):
        raise Refused("push-unknown")
    await keep(presence, session, subscription)
    return HttpResponse(status=204)


@endpoint("POST")
async def push_unsubscribe(request: HtmxRequest) -> HttpResponse:
    """No push from now on; a second time nothing changes."""
    presence = presence_of(request)
    sender_of(presence)
    await keep(presence, await allowed(presence, request), None)
    return HttpResponse(status=204)


def sender_of(presence: Presence) -> PushSender:
    """Raises Refused: `not-found`, where pushes are off."""
    if presence.platform.pushes is None:
        raise Refused("not-found")
    return presence.platform.pushes


async def allowed(presence: Presence, request: HtmxRequest) -> Session:
    """The session of a call that changes its subscription. Raises Refused: `session-unknown`,
    `too-often`."""
    session = await presence.sessions.of_request(request)
    await allow(presence.platform.allowances, "too-often", Act("person.push", session.digest))
    return session


async def keep(presence: Presence, session: Session, subscription: PushSubscription | None) -> None:
    await presence.hub.start()
    change = await presence.registry.set_push(session.digest, subscription)
    if change:
        presence.hub.announce(change)
