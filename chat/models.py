"""Reports of people, with the server's own copy of their messages as evidence."""

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from neartalk.models import Reason
from neartalk.text import MESSAGE_POINTS_MAX, NAME_POINTS_MAX
from presence import names


class Report(models.Model):
    """Somebody reported a person, for a message or without one. No place and no address.

    `evidence` is the server's own copy of the message and of up to five before it by the same
    person: a list of `{"id", "sent_at", "name", "text"}`, oldest first, or null where nothing was
    left of it; behind them stand messages of the reporter that they added, `by_reporter` and
    without a name. `seal` is the SHA-256 of its canonical JSON. `where` is "voice" if the reporter
    says that it was there, where nothing is kept. At `deadline` all
    of this, the name and the words are deleted. `subject` is the digest of the network of whoever
    reported, `""` where they can't have met the person, and `reporter` that of their visit;
    `device` and `origin` are those of the person.
    """

    class State(models.TextChoices):
        # Translators: states of a report. Upheld: it was right, and something was done.
        WAITING = "waiting", _("Waiting")
        DISMISSED = "dismissed", _("Dismissed")
        UPHELD = "upheld", _("Upheld")

    class Where(models.TextChoices):
        VOICE = "voice", _("Voice")

    made = models.DateTimeField(_("made"), default=timezone.now, editable=False)
    person_id = models.CharField(_("person"), max_length=16)
    name = models.CharField(max_length=NAME_POINTS_MAX, blank=True)
    reason = models.CharField(max_length=16, choices=Reason.choices)
    words = models.CharField(max_length=MESSAGE_POINTS_MAX, blank=True)
    message_id = models.CharField(max_length=48, blank=True)
    # The database has the default too: a process of the release before writes rows without it.
    where = models.CharField(
        max_length=8, choices=Where.choices, blank=True, default="", db_default=""
    )
    evidence = models.JSONField(null=True, blank=True)
    seal = models.CharField(max_length=64, blank=True)
    deadline = models.DateTimeField()
    subject = models.CharField(max_length=32, blank=True)
    reporter = models.CharField(max_length=32, blank=True)
    device = models.CharField(max_length=64, blank=True)
    origin = models.CharField(max_length=32, blank=True)
    state = models.CharField(max_length=9, choices=State.choices, default=State.WAITING)
    reviewed = models.DateTimeField(null=True, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True)
    note = models.CharField(max_length=500, blank=True)

    class Meta:
        verbose_name = _("report")
        verbose_name_plural = _("reports")
        permissions = (("act_on_report", "Can act on reports"),)
        indexes = (
            models.Index(fields=("state", "made", "id"), name="report_queue"),
            models.Index(fields=("person_id", "made"), name="report_by_person"),
            models.Index(fields=("deadline",), name="report_deadline"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("reporter", "person_id", "message_id", "where"),
                condition=models.Q(state="waiting"),
                name="report_once",
            ),
        )

    def __str__(self) -> str:
        return f"{self.what}: {names.tag(self.person_id)}"

    @property
    def what(self) -> str:
        """The reason in words, and where it was: "Harassment, in voice"."""
        if self.where == self.Where.VOICE:
            # Translators: the reason of a report, such as harassment, that happened in voice.
            return gettext("{reason}, in voice").format(reason=self.get_reason_display())
        return str(self.get_reason_display())


class ReportMail(models.Model):
    """When operators were last told by mail that reports wait, and which of them was the newest:
    one row, which all processes share."""

    sent = models.DateTimeField(null=True)
    newest = models.BigIntegerField(default=0)

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return "the last mail about reports"
