"""What `manage.py doctor` checks: one module a part."""

from neartalk.doctor.check import (
    Check,
    CheckOptions,
    Diagnosis,
    Finding,
    Severity,
    diagnose,
    fault,
    ok,
    warning,
)
from neartalk.doctor.database import connect_alone
from neartalk.doctor.settings import SECRET_BITS, bits

__all__ = [
    "SECRET_BITS",
    "Check",
    "CheckOptions",
    "Diagnosis",
    "Finding",
    "Severity",
    "bits",
    "connect_alone",
    "diagnose",
    "fault",
    "ok",
    "warning",
]
