"""Names that look like those of staff, of the product, or of somebody else."""

import random

import pytest

from presence import names
from presence.likeness import resembles
from presence.reserved_names import looks_official
from presence.values import Person

OFFICIAL = [
    *[
        "admin",
        "ADMIN",
        "Admin Bob",
        "AdminBob",
        "bob_admin",
        "SiteAdmin",
        "Administrator",
        "admins",
    ],
    *[
        "Moderator",
        "The Moderator",
        "Mod",
        "Mod Team",
        "Operator",
        "Support",
        "Tech Support",
        "Staff",
    ],
    *[
        "Staff member",
        "System",
        "System Message",
        "Owner",
        "the owner",
        "Team",
        "SupportTeam",
        "You",
    ],
    *["NearTalk", "Near Talk", "neartalk2", "NearTalk Support", "My NearTalk", "Help Desk", "Root"],
    *[
        "аdmin",
        "Аdmіn",
        "ADМIN",
        "ad\u200dmin",
        "Ádmïn",
        "a d m i n",
        "a.d.m.i.n",
        "A-D-M-I-N",
        "admın",
    ],
    *[
        "Adm1n",
        "@dmin",
        "4dmin",
        "Admin!",
        "admin42",
        "adminnn",
        "0perator",
        "M0derator",
        "rnoderator",
    ],
    *[
        "nеarтalk",
        "sуsтем",
        "ᴀᴅᴍɪɴ",
        "ΑDΜΙΝ",
        "ＡＤＭＩＮ",
        "𝐀𝐝𝐦𝐢𝐧",
        "ⒶⒹⓂⒾⓃ",
        "A🅳min",
        "🇦🇩🇲🇮🇳",
        "$taff",
        "a̲d̲m̲i̲n̲",
    ],
    *[
        "Модератор",
        "АДМИН",
        "Адміністратор",
        "管理员小王",
        "관리자",
        "ผู้ดูแลระบบ",
        "المشرف",
        "Modérateur",
    ],
    *["Administradora", "Moderatorin", "Yönetici", "Equipe", "サポート"],
    *["adm|n", "nearta|k", "adm¡n", "$t@ff", "h€lpd€sk", "Bob [MOD]", "(mod) Bob", "<Owner> Bob"],
    *[
        "ad min bob",
        "Super Ad Min",
        "M o d",
        "MoD",
        "Trust & Safety",
        "ادمن",
        "แอดมิน",
        "Moderación",
    ],
]
ANYBODY = [
    *["Ana", "Badminton", "Staffan", "Stafford", "Downer", "Team Blue", "Modesty", "Mood", "Model"],
    *[
        "Supporter",
        "Admiral",
        "Roberta",
        "Иван",
        "Yousef",
        "Systema",
        "Robot",
        "小明",
        "Local Hero",
    ],
    *[
        "Mo D",
        "Yo U",
        "Chad Min",
        "Ahmad Minh",
        "Brad Ministry",
        "Anna (Rome)",
        "[Tom]",
        "The Chat",
        "Near",
        "Talk",
        "Hostess",
        "Tom Mod",
        "Rob Owner",
        "1",
        "42",
        "👍🏽",
        "O'Neil",
        "محمد",
    ],
]


@pytest.mark.parametrize("name", OFFICIAL)
def test_names_of_staff_and_of_the_product_are_found_in_any_disguise(name: str) -> None:
    assert looks_official(name)


@pytest.mark.parametrize("name", ANYBODY)
def test_names_of_anybody_are_not_official(name: str) -> None:
    assert not looks_official(name)


def test_no_generated_name_is_official() -> None:
    chance = random.Random(1)
    assert not any(looks_official(names.generate(chance)) for _ in range(500))


@pytest.mark.parametrize(
    ("mine", "theirs", "alike"),
    [
        *[("Alice", "alice", True), ("AIice", "Alice", True), ("Αlіcе", "Alice", True)],
        *[("A l i c e", "Alice", True), ("Ali\u200dce", "Alice", True), ("Alicé", "Alice", True)],
        *[
            ("ΑΝΝΑ", "Anna", True),
            ("Anna", "ΑΝΝΑ", True),
            ("rnona", "Mona", True),
            ("B0b", "Bob", True),
        ],
        *[
            ("Alice", "Alicia", False),
            ("Bo", "Bob", False),
            ("Иван", "Иво", False),
            ("明", "朋", False),
        ],
        *[("สม", "สมี", False), ("はな", "ばな", False)],
    ],
)
def test_names_that_resembles_are_found(mine: str, theirs: str, alike: bool) -> None:
    assert resembles(mine, Person("p" * 16, theirs)) is alike


def test_a_name_with_the_tag_of_somebody_looks_like_them() -> None:
    alice = Person("a" * 16, "Alice")
    assert resembles(f"Alice {alice.tag}", alice)
    assert resembles(f"alice{alice.tag.upper()}", alice)
    assert not resembles(f"Alice {names.tag('b' * 16)}", alice)
