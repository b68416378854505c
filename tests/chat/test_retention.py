"""What was written with a report goes at its deadline, once, and the rest of the row later."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from chat.models import Report
from neartalk.records import retention_rules

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("each_database")]

SAID = [{"id": "1-0.aaaaaaaa", "sent_at": 1_795_396_581_616, "name": "Ana", "text": "A word."}]


@pytest.mark.parametrize(
    "held",
    [
        {"evidence": SAID, "seal": "0" * 64, "name": "Ana", "words": "She shouts."},
        {"evidence": SAID, "seal": "0" * 64},
        {"name": "Ana"},
        {"words": "She shouts."},
    ],
)
def test_all_that_anybody_wrote_goes_at_the_deadline_and_is_not_looked_for_again(
    held: dict[str, Any],
) -> None:
    now = timezone.now()
    due = now - timedelta(seconds=1)
    report = Report.objects.create(person_id="a" * 16, reason="hate", deadline=due, **held)
    (evidence,) = (kept for kept in retention_rules() if kept.what == "evidence")
    assert [evidence.delete_batch(now) for _ in range(2)] == [1, 0]
    report.refresh_from_db()
    assert (report.evidence, report.seal, report.name, report.words) == (None, "", "", "")
    assert (report.reason, report.deadline) == ("hate", due)


def test_what_holds_nothing_is_done_with() -> None:
    due = timezone.now() - timedelta(seconds=1)
    Report.objects.create(person_id="a" * 16, reason="hate", deadline=due)
    (evidence,) = (kept for kept in retention_rules() if kept.what == "evidence")
    assert evidence.delete_batch(timezone.now()) == 0
