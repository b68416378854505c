"""What everyone uses, looked at by `manage.py doctor`."""

from neartalk import doctor_database, doctor_machine, doctor_redis, doctor_settings, doctor_site
from neartalk.diagnosis import SOURCES

SOURCES += [
    doctor_settings.exams,
    doctor_redis.exams,
    doctor_database.exams,
    doctor_machine.exams,
    doctor_site.exams,
]
