"""Who may do what in the admin: a reviewer sees everything, a moderator also acts. Superusers alone
edit rules and let operators in."""

from typing import Any

REVIEWER = (
    "admin.view_logentry",
    "chat.view_report",
    "neartalk.view_hourlyactivity",
    "neartalk.view_hourlyhits",
    "neartalk.view_ratelimit",
    "neartalk.view_ratelimithit",
    "neartalk.view_sanction",
)
GROUPS = {
    "reviewer": REVIEWER,
    "moderator": (*REVIEWER, "chat.act_on_report", "neartalk.change_sanction"),
}


def add_groups(**kwargs: Any) -> None:
    """Makes those that are not there and adds what they lack; what else they were given stays."""
    from django.contrib.auth.models import Group, Permission  # noqa: PLC0415 once apps are ready

    using = kwargs["using"]
    every = {
        f"{one.content_type.app_label}.{one.codename}": one
        for one in Permission.objects.using(using).select_related("content_type")
    }
    for name, permissions in GROUPS.items():
        group, _ = Group.objects.using(using).get_or_create(name=name)
        group.permissions.add(*(every[one] for one in permissions))
