"""What collectstatic makes: a file that changes gets another name, and so do all that name it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from django.core.checks import run_checks
from django.templatetags.static import static

from neartalk.http.static import HashedFiles
from tests.support.servers import ROOT
from tests.support.static_files import collected

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HASHED = re.compile(r"\.[0-9a-f]{12}\.(css|js)$")
IMPORT = re.compile(r"(?:\bfrom|^import|\bimport\()\s*['\"](\..+?)['\"]", re.MULTILINE)


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
