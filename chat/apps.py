"""The chat's own app."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class ChatConfig(AppConfig):
    name = "chat"
    verbose_name = "Reports"

    def ready(self) -> None:
        from neartalk.operators import add_groups  # noqa: PLC0415 once apps are ready

        # Here, for every permission that a group has exists by now.
        post_migrate.connect(add_groups, sender=self)
