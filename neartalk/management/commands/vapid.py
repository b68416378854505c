"""manage.py vapid: keys for pushes."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from neartalk.management.output import add_json, render_rows
from neartalk.push import VapidKeys, new_private_key


class Command(BaseCommand):
    help = (
        "Prints a new key by which push services know this server, for VAPID_PRIVATE_KEY, and its "
        "public half, which browsers are given. It is kept nowhere. Set it once, the same for all "
        "processes: with another one nobody is reached until they open the page again. With "
        "--public, prints the public half of the one that is set."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--public", action="store_true", help="of VAPID_PRIVATE_KEY")
        add_json(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        private = settings.VAPID_PRIVATE_KEY if options["public"] else new_private_key()
        public = VapidKeys(private, "").public_key if private else ""
        row = {"VAPID_PRIVATE_KEY": private, "public": public}
        if options["public"]:
            del row["VAPID_PRIVATE_KEY"]
        if options["json"]:
            self.stdout.write(render_rows([row], as_json=True))
        else:
            self.stdout.write("\n".join(f"{name}={value}" for name, value in row.items()))
