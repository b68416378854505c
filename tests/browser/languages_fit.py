"""Every page and state in the languages of which the suite looks at the first pages alone: `make
languages` runs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.browser.test_languages_fit import OTHERS, faults_on_the_way

if TYPE_CHECKING:
    from tests.browser.conftest import Invite
    from tests.support.servers import Server

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("language", OTHERS)
def test_each_page_and_state_fits_the_narrowest_phone_with_large_text(
    server: Server, visit: Invite, language: str
) -> None:
    found = faults_on_the_way(server, visit, language)
    assert not found, "\n".join(map(str, found))
