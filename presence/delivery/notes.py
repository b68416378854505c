"""Notes about messages: to those who hear the message, in the same bytes to all who are told the
same."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from presence import past
from presence.delivery.audience import Audience
from presence.delivery.cohort import Cohort
from presence.delivery.frames import Form, notes_frame
from presence.delivery.messages import OutgoingNote
from presence.delivery.multicast import Recipients, broadcast
from presence.delivery.sockets import Socket


def broadcast_notes(audience: Audience, notes: Iterable[OutgoingNote]) -> int:
    """Writes notes to every socket that shows the messages they are about, after what is pending
    there. Who still reads history has them afterwards. Returns how many frames were written.

    Those from whom somebody is hidden are told by themselves, and nothing where a note has no row
    for them yet. It is one frame a socket: two would tell whoever came later which of what was said
    before is in range.
    """
    each: dict[Cohort, list[OutgoingNote]] = defaultdict(list)
    for note in notes:
        for cohort in audience.cohorts_reaching(note.place.tile):
            if past.may_be_shown(cohort.place, note.place):
                each[cohort].append(note)
    alike: dict[tuple[Form, tuple[OutgoingNote, ...]], Recipients] = defaultdict(Recipients)
    frames = 0
    for cohort, found in each.items():
        # What is in range all are shown; of what is further off whoever came later.
        in_range = all(cohort.place.in_range(note.place) for note in found)
        judged = cohort.filtered if in_range else cohort.live
        shown = {one: [note for note in found if one.shows(note)] for one in judged}
        if (in_range and cohort.recipients) or any(shown.values()):
            audience.coalescer.flush(cohort)
            alike[cohort.form, tuple(found)].update(recipients_of(cohort, shown, len(found)))
        for socket, some in shown.items():
            if socket in cohort.filtered or len(some) < len(found):
                frames += socket.write_notes(some)
        for socket in cohort.joining:
            socket.hold_notes(found)
    batches = [
        (recipients, notes_frame(form, [note.row(form) for note in found]))
        for (form, found), recipients in alike.items()
        if recipients
    ]
    broadcast(batches, audience.backlog)
    return frames + sum(len(recipients) for recipients, _ in batches)


def recipients_of(
    cohort: Cohort, shown: Mapping[Socket, Sequence[OutgoingNote]], count: int
) -> Recipients:
    """Those of a cohort who are told all of so many notes as everybody is: whoever is shown no less
    than that."""
    recipients = Recipients()
    recipients.update(cohort.recipients)
    for socket, some in shown.items():
        if len(some) < count:
            recipients.discard(socket.connection)
    return recipients
