"""What `manage.py profile` measures: each step of the way of a message, in this process."""

from chat.profiling.profile import Profile, profile

__all__ = [
    "Profile",
    "profile",
]
