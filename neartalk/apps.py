"""The project's own app: what everyone uses."""

from django.apps import AppConfig


class NearTalkConfig(AppConfig):
    name = "neartalk"

    def ready(self) -> None:
        from neartalk import checks  # noqa: F401, PLC0415 registers them, once apps are ready
