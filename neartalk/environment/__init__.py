"""What the environment may say: each setting is understood whole, or refused at the start with
words that name it. No module here reads `django.conf.settings`: it is made of what they return."""

from neartalk.environment.database_url import database
from neartalk.environment.documents import paragraphs
from neartalk.environment.ice_urls import stun_urls, turn_urls
from neartalk.environment.mail import MailServer, mail_addresses, mail_server, sender
from neartalk.environment.push import push_hosts, vapid_private_key, vapid_subject
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
from neartalk.environment.web import hosts, objections, origins, site_url

__all__ = [
    "MailServer",
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
    "mail_addresses",
    "mail_server",
    "names_local",
    "objections",
    "origins",
    "paragraphs",
    "push_hosts",
    "redis_urls",
    "sender",
    "site_url",
    "stun_urls",
    "turn_urls",
    "vapid_private_key",
    "vapid_subject",
]
