"""What collectstatic makes: a file that changes gets another name, and so do all that name it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.core.checks import run_checks
from django.http import HttpRequest, HttpResponse
from django.template import Context, Template
from django.templatetags.static import static
from django.test import RequestFactory
from whitenoise.compress import Compressor

from neartalk.http import modules as preloads
from neartalk.http.static import HashedFiles, StaticFiles
from tests.support.servers import ROOT
from tests.support.static_files import collected

if TYPE_CHECKING:
    from collections.abc import Iterator

# An import that is not a call.
AT_ONCE = re.compile(r"(?:\bfrom|^import)\s*['\"](\..+?)['\"]", re.MULTILINE)
HASHED = re.compile(r"\.[0-9a-f]{12}\.(css|js)$")
IMPORT = re.compile(r"(?:\bfrom|^import|\bimport\()\s*['\"](\..+?)['\"]", re.MULTILINE)


VOICE = "js/voice/controls.js"
CHAT = "js/chat/pressing.js"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with collected(tmp_path_factory.mktemp("static")) as folder:
        yield folder


def modules(folder: Path) -> list[Path]:
    return [path for path in folder.glob("js/**/*.js") if HASHED.search(path.name)]


def test_every_module_is_collected_under_a_name_with_a_hash(folder: Path) -> None:
    assert len(modules(folder)) == len([*ROOT.glob("static/js/**/*.js")])
    for name in ("js/near.js", "css/base.css", "django_htmx/htmx-2.min.js"):
        assert HASHED.search(static(name)), name


def test_every_import_names_a_file_with_a_hash_that_is_there(folder: Path) -> None:
    named = [
        path.parent / name for path in modules(folder) for name in IMPORT.findall(path.read_text())
    ]
    assert len(named) > 100
    assert [path for path in named if not (HASHED.search(path.name) and path.exists())] == []


def imported(path: Path, known: set[Path], *, later: bool = False) -> set[Path]:
    """The modules that one imports and those that they do, as the files say: at once, or `later`
    those too that are loaded while the page runs."""
    for name in (IMPORT if later else AT_ONCE).findall(path.read_text()):
        other = (path.parent / name).resolve()
        if other not in known:
            known.add(other)
            imported(other, known, later=later)
    return known


def named_by(tag: str) -> list[str]:
    links = rendered(Template(f"{{% load modules %}}{{% {tag} %}}"))
    return re.findall(r'rel="modulepreload" href="/static/([^"]+)"', links)


def rendered(template: Template, **values: str) -> str:
    return template.render(Context(values))


@pytest.mark.parametrize("entry", ["js/near.js", "js/welcome.js"])
def test_every_module_of_a_page_is_named_in_its_head_once_and_no_other(
    folder: Path, entry: str
) -> None:
    first = folder / static(entry).removeprefix("/static/")
    named = named_by(f"module_preloads '{entry}'")
    assert len(named) == len({*named}) > 5
    assert {(folder / name).resolve() for name in named} == imported(first.resolve(), set())
    page = (ROOT / f"templates/{Path(entry).stem}.html").read_text()
    # Whoever is still outside fetches what the place needs, too.
    ahead = ["js/near.js"] if entry == "js/welcome.js" else []
    assert re.findall(r"module_preloads '([^']+)'", page) == [entry, *ahead]
    assert re.findall(r"later_modules '(\S+)' '(\S+)'", page) == [
        (CHAT, "js/near.js"),
        (VOICE, "js/near.js"),
    ]
    assert re.findall(r"type=\"module\" src=\"{% static '([^']+)' %}\"", page) == [entry]


def test_what_is_loaded_later_is_all_that_is_imported_while_the_page_runs(folder: Path) -> None:
    first = (folder / static("js/near.js").removeprefix("/static/")).resolve()
    at_once = imported(first, {first})
    chat, voice = (named_by(f"later_modules '{one}' 'js/near.js'") for one in (CHAT, VOICE))
    named = [*chat, *voice]
    assert {(folder / name).resolve() for name in named} | at_once == imported(
        first, {first}, later=True
    )
    assert not {(folder / name).resolve() for name in named} & at_once
    assert len(named) == len({*named}) > 15
    for part, entry in ((chat, CHAT), (voice, VOICE)):
        assert part[0] == static(entry).removeprefix("/static/"), "what imports the others"


def test_a_module_that_no_page_imports_is_not_there() -> None:
    entries = [ROOT / f"static/js/{name}.js" for name in ("near", "welcome", "offline")]
    found = {one for entry in entries for one in imported(entry, {entry}, later=True)}
    named = "".join((ROOT / f"templates/_{name}.html").read_text() for name in ("htmx", "voice"))
    workers = re.findall(r"=\"{% static '(js/[^']+)' %}\"", named)
    found |= {ROOT / "static" / name for name in (*workers, "js/service-worker.js")}
    others = [language for language, _ in settings.LANGUAGES if language != "en"]
    found |= {ROOT / f"static/js/languages/{language}.js" for language in others}
    assert found == {*ROOT.glob("static/js/**/*.js")}


def test_imports_are_found_however_they_are_written(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    each = {
        "js/a.js": "import { b,\n  c } from './deep/b.js';\nimport './c.js'; // not './x.js'\n",
        "js/deep/b.js": "export * from '../d.js';\nexport { e } from \"./e.js\";\n"
        "import * as a from '../a.js';\n",
        "js/c.js": "// import './y.js'\nexport function from() { return './z.js'; }\n",
    }
    monkeypatch.setattr(preloads, "source", lambda name: each.get(name, ""))
    assert preloads.imported("js/a.js") == [
        *("js/deep/b.js", "js/c.js", "js/d.js", "js/deep/e.js"),
    ]


async def test_what_has_a_hash_is_kept_for_ever_and_sent_in_brotli_by_the_app_itself(
    folder: Path,
) -> None:
    async def nobody(request: HttpRequest) -> HttpResponse:
        return HttpResponse(status=404)

    names = ("js/near.js", "css/base.css", "icons/neartalk.svg", "django_htmx/htmx-2.min.js")
    urls = [static(name) for name in names]
    compressor = Compressor(quiet=True)
    for url in urls:
        assert {Path(one).suffix for one in compressor.compress(str(folder / url[8:]))} > {".br"}
    served = StaticFiles(nobody)
    for url in urls:
        asked = RequestFactory().get(url, headers={"Accept-Encoding": "gzip, br"})
        answer = await served(asked)
        assert answer["Cache-Control"] == "max-age=315360000, public, immutable"
        assert (answer["Content-Encoding"], answer["Vary"]) == ("br", "Accept-Encoding")
        plain = await served(RequestFactory().get(url))
        assert "Content-Encoding" not in plain.headers
        assert int(answer["Content-Length"]) < int(plain["Content-Length"])


def test_the_check_is_silent_until_a_file_is_missing_or_differs(folder: Path) -> None:
    def messages() -> list[str | None]:
        return [one.id for one in run_checks() if one.id == "neartalk.W009"]

    assert messages() == []
    copy = folder / "js" / "near.js"
    text = copy.read_text()
    copy.write_text(f"{text}//")
    assert messages() == ["neartalk.W009"]
    copy.unlink()
    assert messages() == ["neartalk.W009"]
    copy.write_text(text)
    assert messages() == []


def test_where_nothing_was_collected_files_keep_their_names(tmp_path: Path) -> None:
    assert HashedFiles(location=tmp_path).url("js/near.js") == "/static/js/near.js"
