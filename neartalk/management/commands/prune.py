"""manage.py prune: deletes what was kept long enough."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from neartalk.management.output import add_json, render_rows
from neartalk.records import RetentionRule, retention_rules


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
        act = count_expired if options["dry_run"] else delete_expired
        rows = [
            {"what": rule.what, "kept": rule.time, head: act(rule)} for rule in retention_rules()
        ]
        self.stdout.write(render_rows(rows, as_json=options["json"]))


def count_expired(rule: RetentionRule) -> int:
    return rule.expired(timezone.now()).count()


def delete_expired(rule: RetentionRule) -> int:
    now, gone = timezone.now(), 0
    while some := rule.delete_batch(now):
        gone += some
    return gone
