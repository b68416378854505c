"""`GET /api/messages`: messages in range, for clients without a socket. `POST /api/report`."""

from django.http import HttpResponse, JsonResponse

from chat.feed import (
    ARRIVAL_MAX,
    RenderedMessage,
    TimelineEntry,
    heard_m,
    is_shown,
    load_newest,
)
from chat.forms import ReportForm
from chat.messages import Reacted, StreamId, next_id, stream_id_of
from chat.parts import chat_of
from chat.reactions import Choices, Counts, counted
from chat.reports import file_report, save_report
from neartalk.codes import Refused
from neartalk.http import HtmxRequest, body_of, endpoint
from neartalk.limits import (
    Act,
    Allowances,
    allow,
    narrowest,
    widest_network,
)
from neartalk.parts import platform_of
from presence.delivery import Form
from presence.geo import Tile, tiles_within
from presence.placement import placed
from presence.suspicion import count_blame
from presence.values import Session


@endpoint("GET")
async def messages(request: HtmxRequest) -> HttpResponse:
    """The newest 200 in range and alive, oldest first; `?before=<id>` reads on from there."""
    chat = chat_of(request)
    session = await placed(chat.presence, request)
    place = session.person.place
    before = before_of(request.GET.get("before"))

    def wanted(one: RenderedMessage) -> bool:
        known = before is not None and (one.at, one.id) >= before
        return (
            not known and is_shown(session, one) and session.may_receive(one.person_id, one.sent_ms)
        )

    reacted: dict[str, Reacted] = {}

    def on_page(
        tile: Tile, below: StreamId | None, entries: list[TimelineEntry], full: bool
    ) -> None:
        reacted.update({one.message_id: one for one in entries if isinstance(one, Reacted)})

    below = next_id(before[0]) if before else None
    selection = await load_newest(
        chat.history,
        dict.fromkeys(tiles_within(place.cell, place.radius_m), below),
        wanted,
        limit=ARRIVAL_MAX,
        on_page=on_page,
    )
    found = [(one, heard_m(one.message, session)) for one in selection.messages]
    # What counts reactions stands behind a message, and was not read where older ones were.
    asked = [one for one in selection.messages if before or one.id in reacted]
    choices = await chat.history.choices([(one.message.tile, one.id) for one in asked])
    told = {id: reactions_for(session, each) for id, each in choices.items()}
    if request.htmx:
        rows = (with_reactions(one.row(Form.HTML, far), told.get(one.id)) for one, far in found)
        return HttpResponse("".join(rows))
    return JsonResponse(
        {"messages": [one.fields(far) | fields_of(told.get(one.id)) for one, far in found]}
    )


def reactions_for(session: Session, choices: Choices) -> tuple[Counts, str]:
    """The counts of a message for whoever has this session, and what they chose."""
    hidden, each = session.hidden, choices.reactions
    counts = counted(word for who, word in each.items() if who not in hidden)
    return counts, each.get(session.person.person_id, "")


def fields_of(told: tuple[Counts, str] | None) -> dict[str, Counts | str]:
    """Reactions as JSON clients are told them: nothing where there are none."""
    counts, own = told or ({}, "")
    found: dict[str, Counts | str] = {"reactions": counts} if counts else {}
    return found | {"your_reaction": own} if own else found


def with_reactions(row: str, told: tuple[Counts, str] | None) -> str:
    """A row of the page with its reactions: `data-r="yes:12 love:3*"`, the star at one's own."""
    counts, own = told or ({}, "")
    if not counts:
        return row
    words = " ".join(f"{word}:{n}{'*' if word == own else ''}" for word, n in counts.items())
    return row.replace("<li", f'<li data-r="{words}"', 1)


@endpoint("POST")
async def report(request: HtmxRequest) -> HttpResponse:
    """Reports a person. Answers once the report is queued: nobody waits for the database."""
    form = ReportForm(body_of(request))
    if not form.is_valid():
        raise Refused(form.why())
    chat, platform = chat_of(request), platform_of(request)
    session = await chat.presence.sessions.of_request(request)
    if not session.person.cell:
        raise Refused("no-place")
    session = await chat.presence.hub.in_effect(session)
    origin = await platform.origins.of(request.scope)
    await allow_report(platform.allowances, session, narrowest(origin))
    subject = widest_network(origin) or session.person.person_id
    filed = await file_report(chat.feed, session, subject, form.cleaned_data)
    await count_blame(platform, filed.fields["origin"], filed.fields["subject"])
    platform.records.queue.enqueue(save_report, filed)
    return HttpResponse(status=201) if request.htmx else JsonResponse({}, status=201)


async def allow_report(allowances: Allowances, session: Session, origin: str) -> None:
    """Raises Refused: `too-many-reports`."""
    # One by one: a person's allowance is the same from every network.
    await allow(allowances, "too-many-reports", Act("chat.report", session.digest))
    if origin:
        await allow(allowances, "too-many-reports", Act("chat.report.address", origin))


def before_of(message_id: str | None) -> tuple[StreamId, str] | None:
    """Where to read on from. Two tiles may hold the same stream id, so the whole id decides.

    Raises Refused: `bad-frame`.
    """
    if message_id is None:
        return None
    at = stream_id_of(message_id)
    if at is None:
        raise Refused("bad-frame")
    return at, message_id
