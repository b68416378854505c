"""manage.py prune: forgets what was kept long enough."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from neartalk.management.output import add_json, shown
from neartalk.records import KEPT, Kept


class Command(BaseCommand):
    help = (
        "Deletes every record whose time is over, in batches, and says of each kind how many went. "
        "A running server does the same by itself: each hour, and within a minute where evidence "
        "has come to its deadline. How long each kind is kept is set by HITS_KEPT_DAYS, "
        "ACTIVITY_KEPT_DAYS, SANCTIONS_KEPT_DAYS, REPORTS_KEPT_DAYS and ADMIN_LOG_KEPT_DAYS."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--dry-run", action="store_true", help="deletes nothing, and says how many would go"
        )
        add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        head = "would_go" if options["dry_run"] else "deleted"
        act = due if options["dry_run"] else forget
        rows = [{"what": kept.what, "kept": kept.time, head: act(kept)} for kept in KEPT]
        self.stdout.write(shown(rows, as_json=options["json"]))


def due(kept: Kept) -> int:
    return kept.over(timezone.now()).count()


def forget(kept: Kept) -> int:
    now, gone = timezone.now(), 0
    while some := kept.forget_some(now):
        gone += some
    return gone
