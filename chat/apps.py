"""The chat's own app."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate

from neartalk.groups import add_groups


class ChatConfig(AppConfig):
    name = "chat"
    verbose_name = "Reports"

    def ready(self) -> None:
        # Here, for every permission that a group has exists by now.
        post_migrate.connect(add_groups, sender=self)
