"""Everyone's rules and how often they refused whom, who may not speak or come, and how many were
here. No place finer than an area of many people, no text, no address."""

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from neartalk.limits import PRICED, price_max_ms


class RateLimit(models.Model):
    """A rule as the operator set it; every process reads it within 10 s."""

    name = models.CharField(_("name"), max_length=40, primary_key=True, editable=False)
    allowance = models.PositiveIntegerField(_("allowance"), validators=[MinValueValidator(1)])
    period_s = models.PositiveIntegerField(
        _("each (seconds)"), default=60, validators=[MinValueValidator(1)]
    )
    burst = models.PositiveIntegerField(_("at once"), validators=[MinValueValidator(1)])
    # Translators: of a rule: whether it is switched on.
    on = models.BooleanField(_("on"), default=True)
    price_ms = models.PositiveIntegerField(_("price (ms)"), default=0)

    class Meta:
        ordering = ("name",)
        verbose_name = _("rule")
        verbose_name_plural = _("rules")

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """A price stands only where somebody pays it, and is one that a slow phone can pay."""
        if self.price_ms and self.name not in PRICED:
            raise ValidationError({"price_ms": _("This rule has no price: leave 0.")})
        if self.price_ms > (most_ms := price_max_ms(self.name)):
            words = gettext("At most {count}: nobody is to wait longer.").format(count=most_ms)
            raise ValidationError({"price_ms": words})


class RateLimitHit(models.Model):
    """So often was a subject refused in a minute, by one process."""

    rule = models.CharField(_("rule"), max_length=40)
    subject = models.CharField(_("subject"), max_length=32, blank=True)
    minute = models.DateTimeField(_("minute"))
    count = models.PositiveIntegerField(_("count"))

    class Meta:
        verbose_name = _("hit")
        verbose_name_plural = _("hits")
        indexes = (
            models.Index(fields=("-minute", "-id"), name="hit_newest"),
            models.Index(fields=("rule", "minute"), name="hit_by_rule"),
            models.Index(fields=("subject", "minute"), name="hit_by_subject"),
        )

    def __str__(self) -> str:
        return f"{self.rule} {self.minute:%H:%M}"


class HourlyHits(models.Model):
    """The same of a rule in an hour, whoever it was: so many that nobody must add them up."""

    rule = models.CharField(max_length=40)
    hour = models.DateTimeField()
    count = models.PositiveBigIntegerField(default=0)

    class Meta:
        verbose_name = _("hourly hits")
        verbose_name_plural = _("hourly hits")
        constraints = (models.UniqueConstraint(fields=("hour", "rule"), name="hits_once_an_hour"),)

    def __str__(self) -> str:
        return f"{self.rule} {date_format(self.hour, gettext('d M H:i'))}"


class Reason(models.TextChoices):
    """Why somebody is reported, muted or banned, in the words that they are told."""

    HARASSMENT = "harassment", _("Harassment")
    THREATS = "threats", _("Threats or violence")
    HATE = "hate", _("Hate")
    SEXUAL = "sexual", _("Unwanted sexual content")
    MINORS = "minors", _("Harm to minors")
    SPAM = "spam", _("Spam or fraud")
    OTHER = "other", _("Something else")


class Sanction(models.Model):
    """Somebody may not speak (mute), or not come (ban), until a time. Every process reads it within
    2 s; `changed` is by what they see that there is something to read.

    `device` is the digest of their device's cookie, and `origin` that of their network under the
    key of the day, `""` where unknown: a ban holds for the device and slows the network. One that
    holds `until_reviewed` is lifted once somebody has looked at all reports of the person.
    """

    class Kind(models.TextChoices):
        # Translators: nouns: what somebody has who may not write or speak, or not come.
        MUTE = "mute", pgettext_lazy("noun", "Mute")
        BAN = "ban", pgettext_lazy("noun", "Ban")

    kind = models.CharField(_("kind"), max_length=4, choices=Kind.choices)
    person_id = models.CharField(_("person"), max_length=16)
    device = models.CharField(max_length=64, blank=True, editable=False)
    origin = models.CharField(max_length=32, blank=True, editable=False)
    reason = models.CharField(_("reason"), max_length=16, choices=Reason.choices)
    # Translators: when a report, a mute or a ban was made.
    made = models.DateTimeField(_("made"), default=timezone.now, editable=False)
    # Translators: until when a mute or a ban holds.
    until = models.DateTimeField(_("until"))
    lifted = models.DateTimeField(null=True, blank=True, editable=False)
    changed = models.DateTimeField(auto_now=True)
    until_reviewed = models.BooleanField(default=False, editable=False)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, editable=False
    )
    note = models.CharField(_("note"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("sanction")
        verbose_name_plural = _("sanctions")
        indexes = (
            models.Index(fields=("-changed",), name="sanction_newest"),
            models.Index(fields=("until",), name="sanction_end"),
            models.Index(fields=("person_id", "until"), name="sanction_by_person"),
            models.Index(
                fields=("-id",), name="sanction_lifted", condition=models.Q(lifted__isnull=False)
            ),
        )

    def __str__(self) -> str:
        is_ban = self.kind == self.Kind.BAN
        words = gettext("Ban of {person}") if is_ban else gettext("Mute of {person}")
        return words.format(person=self.person_id)


class HourlyActivity(models.Model):
    """How much happened in an hour, in a geohash of 4 characters (39 km x 20 km), or elsewhere: in
    all areas together that had fewer than 5 people each, `""`.
    """

    hour = models.DateTimeField(_("hour"))
    area = models.CharField(_("area"), max_length=4, blank=True)
    people = models.PositiveIntegerField(_("people"), default=0)
    sessions = models.PositiveIntegerField(_("sessions"), default=0)
    messages = models.PositiveIntegerField(_("messages"), default=0)
    voice_minutes = models.PositiveIntegerField(_("voice minutes"), default=0)
    peak = models.PositiveIntegerField(_("most at once"), default=0)

    class Meta:
        verbose_name = _("hourly activity")
        verbose_name_plural = _("hourly activity")
        constraints = (
            models.UniqueConstraint(fields=("hour", "area"), name="activity_once_an_hour"),
        )

    def __str__(self) -> str:
        return f"{self.area or gettext('elsewhere')} {date_format(self.hour, gettext('d M H:i'))}"
