"""What everyone's rules are, and how often they refused whom. No person, place, text or address."""

from django.core.validators import MinValueValidator
from django.db import models


class RateLimit(models.Model):
    """A rule as the operator set it; every process reads it within 10 s."""

    name = models.CharField(max_length=40, primary_key=True, editable=False)
    allowance = models.PositiveIntegerField(validators=[MinValueValidator(1)])
    period_s = models.PositiveIntegerField(
        "each (seconds)", default=60, validators=[MinValueValidator(1)]
    )
    burst = models.PositiveIntegerField("at once", validators=[MinValueValidator(1)])
    on = models.BooleanField(default=True)

    class Meta:
        ordering = ("name",)
        verbose_name = "rule"

    def __str__(self) -> str:
        return self.name


class RateLimitHit(models.Model):
    """So often was a subject refused in a minute, by one process."""

    rule = models.CharField(max_length=40)
    subject = models.CharField(max_length=32, blank=True)
    minute = models.DateTimeField()
    count = models.PositiveIntegerField()

    class Meta:
        verbose_name = "hit"
        indexes = (
            models.Index(fields=("-minute", "-id"), name="hit_newest"),
            models.Index(fields=("rule", "minute"), name="hit_by_rule"),
            models.Index(fields=("subject", "minute"), name="hit_by_subject"),
        )

    def __str__(self) -> str:
        return f"{self.rule} {self.minute:%H:%M}"
