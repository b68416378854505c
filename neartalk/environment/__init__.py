"""What the environment may say: each setting is understood whole, or refused at the start with
words that name it. No module here reads `django.conf.settings`: it is made of what they return."""

from neartalk.environment.database_url import database
from neartalk.environment.ice_urls import stun_urls, turn_urls
from neartalk.environment.redis_urls import channel_prefix, database_number, redis_urls
from neartalk.environment.variables import (
    deployment,
    env_bool,
    env_choice,
    env_float,
    env_int,
    env_list,
    env_networks,
    invalid,
    names_local,
)
from neartalk.environment.web import hosts, objections, origins

__all__ = [
    "channel_prefix",
    "database",
    "database_number",
    "deployment",
    "env_bool",
    "env_choice",
    "env_float",
    "env_int",
    "env_list",
    "env_networks",
    "hosts",
    "invalid",
    "names_local",
    "objections",
    "origins",
    "redis_urls",
    "stun_urls",
    "turn_urls",
]
