"""The project's own app: what everyone uses; and the operators' admin."""

from typing import Any

from django.apps import AppConfig
from django.contrib.admin import apps as admin_apps
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class NearTalkConfig(AppConfig):
    name = "neartalk"
    verbose_name = _("Safety")
    default = True

    def ready(self) -> None:
        # Registers them, once apps are ready.
        from neartalk import checks, redis_checks  # noqa: F401, PLC0415

        post_migrate.connect(add_rules, sender=self)


class OperatorsConfig(admin_apps.AdminConfig):
    default_site = "neartalk.operators.site.Site"
    verbose_name = _("Audit")
    default = False


class RunserverConfig(AppConfig):
    """Daphne's `runserver`, and not its own config, which loads Twisted into every process."""

    name = "daphne"
    default = False


def add_rules(**kwargs: Any) -> None:
    """A row for each rule that has none yet, as the defaults are; those an operator set stay."""
    from neartalk.limits import RULES  # noqa: PLC0415 once apps are ready
    from neartalk.models import RateLimit  # noqa: PLC0415

    rows = [
        RateLimit(
            name=name,
            allowance=one.allowance,
            period_s=one.period_s,
            burst=one.burst,
            price_ms=one.price_ms,
        )
        for name, one in RULES.items()
    ]
    RateLimit.objects.using(kwargs["using"]).bulk_create(rows, ignore_conflicts=True)
