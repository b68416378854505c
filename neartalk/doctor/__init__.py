"""What `manage.py doctor` checks: one module a part."""

from neartalk.doctor import database, machine, redis, settings, site
from neartalk.doctor.check import (
    SOURCES,
    Asked,
    Diagnosis,
    Exam,
    Finding,
    State,
    examine,
    fault,
    ok,
    warning,
)
from neartalk.doctor.database import alone
from neartalk.doctor.settings import SECRET_BITS, bits

__all__ = [
    "SECRET_BITS",
    "SOURCES",
    "Asked",
    "Diagnosis",
    "Exam",
    "Finding",
    "State",
    "alone",
    "bits",
    "examine",
    "fault",
    "ok",
    "warning",
]

SOURCES += [
    settings.exams,
    redis.exams,
    database.exams,
    machine.exams,
    site.exams,
]
