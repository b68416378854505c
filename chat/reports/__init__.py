"""Reports of people: filed with sealed evidence, reviewed in the admin."""

from chat.reports import decisions, report_page
from chat.reports.evidence import ANSWERS_MAX, EARLIER_MAX, seal_of
from chat.reports.filing import file_report
from chat.reports.report_watch import ReportWatch
from chat.reports.rows import save_report

__all__ = [
    "ANSWERS_MAX",
    "EARLIER_MAX",
    "ReportWatch",
    "decisions",
    "file_report",
    "report_page",
    "save_report",
    "seal_of",
]
