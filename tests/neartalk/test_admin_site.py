"""The admin site: logins are limited by address and account, and every action is logged."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest
from asgiref.sync import sync_to_async
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission, User
from django.core.management import CommandError, call_command
from django.test import AsyncClient, Client
from django.utils import timezone

from neartalk.limits import RULES, Hits, MemoryAllowances, MemoryDayKey
from neartalk.models import RateLimit, RateLimitHit, Sanction
from neartalk.operators import add_groups
from neartalk.operators.groups import GROUPS
from neartalk.parts import Platform
from neartalk.records import record
from tests.support.operators import operator
from tests.support.process_client import ProcessClient

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_django.fixtures import Settings

LOGIN, AUDIT = "/admin/login/", "/admin/admin/logentry/"
AT_ONCE, OF_ACCOUNT = RULES["admin.login"].burst, RULES["admin.account"].burst
START_MS = 1_800_000_000_000

pytestmark = pytest.mark.django_db


class LoginClock:
    now_ms = START_MS
    hits: Hits

    def __call__(self) -> int:
        return self.now_ms


@pytest.fixture(autouse=True)
def clock(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> LoginClock:
    """Allowances of the test's own, and a clock that stands still."""
    settings.STATIC_ROOT = tmp_path  # whitenoise warns of a folder that is not there
    settings.TRUSTED_PROXIES = 1
    time, built = LoginClock(), Platform.build()
    platform = replace(
        built, allowances=MemoryAllowances(built.rules, time), keys=MemoryDayKey(time)
    )
    monkeypatch.setitem(globals(), "AsyncClient", partial(ProcessClient, {"neartalk": platform}))
    time.hits = platform.records.hits
    return time


async def attempt(
    name: str, word: str = "wrong", origin: str = "", client: AsyncClient | None = None
) -> Any:
    headers = {"X-Forwarded-For": origin} if origin else {}
    form = {"username": name, "password": word, "next": "/admin/"}
    return await (client or AsyncClient()).post(LOGIN, form, headers=headers)


async def known_to(name: str) -> AsyncClient:
    """A browser in which somebody has logged in, and out again."""
    client = AsyncClient()
    answer = await attempt(name, "a long evening", "198.51.100.1", client)
    assert answer.status_code == 302
    del client.cookies["sessionid"]
    return client


async def done() -> list[tuple[str, str]]:
    entries = LogEntry.objects.select_related("user").order_by("pk")
    return [(entry.user.username, entry.change_message) async for entry in entries]


# ---- The login -----------------------------------------------------------------------------------


async def test_a_network_guesses_slowly_and_is_told_when_to_try_again(clock: LoginClock) -> None:
    user = await sync_to_async(operator)("mira", "moderator")
    for number in range(AT_ONCE):
        answer = await attempt(f"mira{number}", origin="203.0.113.7")
        assert answer.status_code == 200
    answer = await attempt("mira", "a long evening", origin="203.0.113.7")
    assert answer.status_code == 429
    assert answer["Retry-After"] == "300"
    assert "Too many tries. You can try again in 300 s." in answer.content.decode()
    assert user.username not in [name for name, _ in await done()], "no password was looked at"

    assert (await attempt("mira", "a long evening", origin="203.0.113.8")).status_code == 302
    clock.now_ms += 300_000
    assert (await attempt("mira", "a long evening", origin="203.0.113.7")).status_code == 302


async def test_this_machine_guesses_no_faster() -> None:
    answers = [(await attempt(f"mira{number}")).status_code for number in range(AT_ONCE + 1)]
    assert answers == [*[200] * AT_ONCE, 429]


@pytest.mark.parametrize("names", [("mira",), ("mira", " mira", "\uff4dira")])
async def test_one_account_is_guessed_slowly_from_many_networks(names: tuple[str, ...]) -> None:
    answers = [
        (await attempt(names[at % len(names)], origin=f"203.0.113.{at}")).status_code
        for at in range(OF_ACCOUNT + 1)
    ]
    assert answers == [*[200] * OF_ACCOUNT, 429]
    assert (await attempt("rowan", origin="203.0.113.99")).status_code == 200


async def test_strangers_in_many_networks_keep_nobody_out_who_has_logged_in_before() -> None:
    await sync_to_async(operator)("mira", "moderator")
    mira = await known_to("mira")
    for at in range(OF_ACCOUNT + 5):
        await attempt("mira", origin=f"203.0.113.{at}")
    stranger = await attempt("mira", "a long evening", "203.0.113.200")
    assert stranger.status_code == 429, "guessed slowly, from many networks"
    assert (await attempt("mira", client=mira)).status_code == 200, "she may mistype it, too"
    assert (await attempt("mira", "a long evening", "203.0.113.0", mira)).status_code == 302


async def test_who_was_there_already_is_known_from_their_next_page_on() -> None:
    client = AsyncClient()
    await client.aforce_login(await sync_to_async(operator)("mira", "moderator"))
    assert "operator" in (await client.get("/admin/")).cookies
    assert "operator" not in (await client.get("/admin/")).cookies


async def test_a_known_browser_guesses_slowly_itself_and_at_no_other_account(
    clock: LoginClock,
) -> None:
    await sync_to_async(operator)("mira", "moderator")
    mira, at_once = await known_to("mira"), RULES["admin.browser"].burst
    answers = [
        (await attempt("mira", origin=f"203.0.113.{at}", client=mira)).status_code
        for at in range(at_once + 1)
    ]
    assert answers == [*[200] * at_once, 429]
    for at in range(AT_ONCE):
        assert (await attempt(f"rowan{at}", origin="203.0.113.7", client=mira)).status_code == 200
    assert (await attempt("rowan", origin="203.0.113.7", client=mira)).status_code == 429


@pytest.mark.parametrize(
    "forged", ["", "mira", '["mira", "1"]', "WyJtaXJhIiwiMSJd:1x:2y", "é", "::"]
)
async def test_a_cookie_that_somebody_made_up_is_none(forged: str) -> None:
    client = AsyncClient()
    client.cookies["operator"] = forged
    answers = [
        (await attempt("mira", origin="203.0.113.7", client=client)).status_code
        for _ in range(AT_ONCE + 1)
    ]
    assert answers == [*[200] * AT_ONCE, 429]


async def test_the_cookie_is_for_the_admin_alone_and_no_script_reads_it(
    settings: Settings,
) -> None:
    await sync_to_async(operator)("mira", "moderator")
    settings.HTTPS = True
    kept = (await attempt("mira", "a long evening")).cookies["__Secure-operator"]
    assert (kept["path"], kept["httponly"], kept["secure"]) == ("/admin/", True, True)
    assert kept["samesite"] == "Strict"
    assert "mira" not in kept.value


async def test_one_network_keeps_nobody_out_of_their_account(clock: LoginClock) -> None:
    await sync_to_async(operator)("mira", "moderator")
    for _ in range(3 * OF_ACCOUNT):
        await attempt("mira", origin="203.0.113.7")
    assert (await attempt("mira", "a long evening", origin="203.0.113.8")).status_code == 302
    for _ in range(2 * OF_ACCOUNT):
        clock.now_ms += 60_000
        for _ in range(2):
            await attempt("mira", origin="203.0.113.7")
    assert (await attempt("mira", "a long evening", origin="203.0.113.8")).status_code == 302


async def test_a_refused_try_is_a_hit(clock: LoginClock) -> None:
    for number in range(AT_ONCE + 2):
        await attempt(f"mira{number}", origin="203.0.113.7")
    counts = clock.hits.counts
    assert [(kind.rule, count) for kind, count in counts.items()] == [("admin.login", 2)]
    assert all(len(kind.subject) == 32 for kind in counts)


async def test_who_comes_in_and_whose_account_was_tried_is_written_down() -> None:
    await sync_to_async(operator)("mira", "moderator")
    await attempt("mira")
    await attempt("nobody")
    await attempt("mira", "a long evening")
    assert await done() == [("mira", "Login failed."), ("mira", "Logged in.")]


@pytest.mark.parametrize(("name", "word"), [("", ""), ("mira", ""), ("", "a long evening")])
async def test_an_empty_field_is_told_and_not_written_down(name: str, word: str) -> None:
    await sync_to_async(operator)("mira", "moderator")
    answer = await attempt(name, word)
    assert answer.status_code == 200
    assert "This field is required." in answer.content.decode()
    assert await done() == []


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS"])
async def test_nobody_tries_a_password_by_another_method(method: str) -> None:
    answer = await AsyncClient().generic(method, LOGIN, "username=mira&password=x")
    assert answer.status_code == 405
    assert answer["Allow"] == "GET, HEAD, POST"


# ---- The audit trail -----------------------------------------------------------------------------


def test_the_audit_trail_is_read_newest_first_and_changed_by_nobody(client: Client) -> None:
    root = User.objects.create_superuser("root", password="a long evening")
    rowan = operator("rowan", "reviewer")
    for user, words in ((root, "did one thing"), (rowan, "did another"), (root, "and a third")):
        record(user, root, words)
    client.force_login(root)
    page = client.get(AUDIT).content.decode()
    assert page.index("and a third") < page.index("did another") < page.index("did one thing")
    page = client.get(AUDIT, {"user": rowan.pk}).content.decode()
    assert "did another" in page
    assert "did one thing" not in page
    entry = LogEntry.objects.get(change_message="did another")
    assert "did another" in client.get(f"{AUDIT}{entry.pk}/change/").content.decode()
    assert client.post(f"{AUDIT}{entry.pk}/change/", {"change_message": "no"}).status_code == 403
    assert client.post(f"{AUDIT}{entry.pk}/delete/", {"post": "yes"}).status_code == 403
    assert client.get(f"{AUDIT}add/").status_code == 403


def test_filters_of_the_audit_trail_take_what_they_offer(client: Client) -> None:
    client.force_login(User.objects.create_superuser("root", password="a long evening"))
    for wanted in ({"user": "x"}, {"kind": "x"}, {"user": "999", "kind": "999"}):
        assert client.get(AUDIT, wanted).status_code == 200


def test_who_changes_their_password_is_written_down(client: Client) -> None:
    client.force_login(operator("mira", "reviewer"))
    form = {"old_password": "wrong", "new_password1": "a short night", "new_password2": "a short"}
    assert client.post("/admin/password_change/", form).status_code == 200
    assert not LogEntry.objects.exists()
    form |= {"old_password": "a long evening", "new_password2": "a short night"}
    assert client.post("/admin/password_change/", form).status_code == 302
    entry = LogEntry.objects.get()
    assert (entry.user.username, entry.change_message) == ("mira", "Changed the password.")
    assert entry.object_repr == "mira"


def test_commands_act_as_a_user_that_nobody_can_log_in_as(client: Client) -> None:
    call_command("ban", "b" * 16, "--for", "1h", "--note", "shouts", stdout=StringIO())
    ban = Sanction.objects.get()
    call_command("unban", ban.person_id, stdout=StringIO())
    call_command("limits", "set", "chat.send", "--burst", "4", "--off", stdout=StringIO())
    assert [
        (entry.user.username, entry.object_repr, entry.change_message)
        for entry in LogEntry.objects.order_by("pk")
    ] == [
        ("console", f"Ban of {ban.person_id}", f"Banned until {ban.until:%F %H:%M} UTC. shouts"),
        ("console", f"Ban of {ban.person_id}", "Lifted. With manage.py unban."),
        ("console", "chat.send", "At once: 3 to 4; On: True to False"),
    ]
    user = User.objects.get()
    assert ban.by == user
    assert not user.is_active
    assert not user.is_staff
    assert not user.has_usable_password()
    client.force_login(User.objects.create_superuser("root", password="a long evening"))
    assert "shouts" in client.get(AUDIT, {"user": user.pk}).content.decode()
    assert "chat.send" not in client.get(AUDIT, {"user": user.pk + 1}).content.decode()


def test_a_rule_that_can_not_be_set_leaves_no_line() -> None:
    with pytest.raises(CommandError):
        call_command("limits", "set", "chat.send", "--burst", "0")
    assert not LogEntry.objects.exists()


# ---- Groups --------------------------------------------------------------------------------------


def test_groups_are_made_once_and_what_they_were_given_besides_stays() -> None:
    add_groups(using="default")
    moderator = Group.objects.get(name="moderator")
    granted = moderator.permissions.count()
    assert granted == len(GROUPS["moderator"])
    moderator.permissions.remove(*moderator.permissions.filter(codename="act_on_report"))
    given = Permission.objects.get(codename="view_user")
    moderator.permissions.add(given)
    add_groups(using="default")
    assert moderator.permissions.count() == granted + 1
    assert given in moderator.permissions.all()
    assert Group.objects.count() == len(GROUPS)


@pytest.mark.parametrize("group", [*GROUPS])
def test_rules_are_seen_by_all_and_edited_by_superusers_alone(client: Client, group: str) -> None:
    client.force_login(operator("mira", group))
    page = client.get("/admin/neartalk/ratelimit/").content.decode()
    assert "chat.send" in page
    assert 'name="form-0-allowance"' not in page
    url = "/admin/neartalk/ratelimit/chat.send/change/"
    assert client.post(url, {"allowance": 1}).status_code == 403
    assert RateLimit.objects.get(name="chat.send").allowance == RULES["chat.send"].allowance


# ---- The first page ------------------------------------------------------------------------------


def test_the_first_page_has_everything_and_no_inline_style_or_script(client: Client) -> None:
    client.force_login(operator("mira", "moderator"))
    page = client.get("/admin/").content.decode()
    for heading in ("reports waiting", "bans ending", "People", "Refused, by rule", "Done last"):
        assert heading in page
    assert "style=" not in page
    assert "<style" not in page
    assert page.count("<script") == page.count("<script src=")


def test_the_first_page_says_in_how_many_lines_it_looked(client: Client) -> None:
    RateLimitHit.objects.create(rule="chat.send", minute=timezone.now(), count=3)
    client.force_login(operator("mira", "reviewer"))
    assert "in its newest 2\u202f000 lines" in client.get("/admin/").content.decode()


def test_the_door_is_found_without_its_slash(client: Client) -> None:
    answer = client.get("/admin")
    assert (answer.status_code, answer["Location"]) == (302, "/admin/")


def test_who_may_not_or_asks_for_nonsense_reads_why(client: Client) -> None:
    client.force_login(operator("mira", "reviewer"))
    for url, status, words in (
        ("/admin/neartalk/sanction/add/", 403, "Not with this account"),
        ("/admin/neartalk/sanction/?device__gt=a", 400, "That can’t be answered"),
    ):
        answer = client.get(url)
        assert answer.status_code == status
        assert words in answer.content.decode()


def test_who_is_no_longer_active_is_out_at_once(client: Client) -> None:
    mira = operator("mira", "moderator")
    client.force_login(mira)
    assert client.get("/admin/").status_code == 200
    mira.is_active = False
    mira.save()
    assert client.get("/admin/").status_code == 302
