"""The server that takes our mail: it is connected to and logged in at. No mail is sent."""

from collections.abc import Iterable, Iterator
from functools import partial
from smtplib import SMTPAuthenticationError, SMTPException

from django.conf import settings
from django.core.mail import get_connection

from neartalk.doctor.check import Check, CheckOptions, Finding, fault, ok, warning


def checks_for(options: CheckOptions) -> Iterable[Check]:
    if settings.EMAIL_HOST:
        yield Check("mail", partial(check_mail, options.timeout_s))


def check_mail(timeout_s: float) -> Iterator[Finding]:
    if not settings.SITE_URL and not settings.ALLOWED_HOSTS:
        message = "Mail about reports can't link to the admin: nothing says where this server is."
        yield warning(message, "Set SITE_URL to where people reach it, as https://example.org.")
    try:
        with get_connection(timeout=timeout_s):
            yield ok("The mail server takes us; no mail was sent.")
    except SMTPAuthenticationError:
        yield fault("The mail server refuses our user.", "See the user and password in EMAIL_URL.")
    except (OSError, SMTPException) as why:
        message = f"The mail server does not answer as it should: {type(why).__name__}."
        yield fault(message, "See the host, port and scheme in EMAIL_URL, and whether it runs.")
