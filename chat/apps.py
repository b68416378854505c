"""The Django app of the chat."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class ChatConfig(AppConfig):
    name = "chat"
    verbose_name = _("Reports")

    def ready(self) -> None:
        from neartalk.operators import add_groups  # noqa: PLC0415 once apps are ready

        # After the chat is migrated: every permission that a group names exists by then.
        post_migrate.connect(add_groups, sender=self)
