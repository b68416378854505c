"""Names that nobody may choose: those of staff and of the product, and what looks like them. Pure.

All is compared by skeletons (UTS 39): a letter of "admin" may be Cyrillic.
"""

import regex

from neartalk.skeleton import bare, skeletons

# A name with one of these words, or with a word that begins or ends with a stem, sounds official.
STEMS = str.split("admin administrator moderator neartalk sysop webmaster")
OFFICIAL = str.split("""
    admins administration administrateur administrador amministratore beheerder destek helpdesk
    moderators moderation moderateur moderador moderatore moderaattori modteam official officials
    operator operators operateur operador operatore soporte staff suporte support yonetici
    moderacao moderacion moderatie moderazione klantenservice kundendienst kundenservice
    kundensupport админ адміністратор администратор администрация модератор модерация модер
    оператор поддержка διαχειριστης συντονιστης υποστηριξη مشرف المشرف الدعم ادمن الادمن ادمین
    پشتیبانی אדמין מנהל תמיכה एडमिन मॉडरेटर
""")
# Scripts without spaces between words: anywhere in a name.
ANYWHERE = str.split("""
    neartalk 管理员 管理員 管理人 管理者 运营 運営 客服 版主 官方 公式
    サポート スタッフ モデレーター 관리자 운영자 운영진 고객센터 어드민 ผู้ดูแล ทีมงาน แอดมิน
""")
# These alone, or with what people add to look official; "Team Blue" is anybody's.
ALONE = str.split("""
    betreiber equipe everybody everyone help mod mods nobody ops owner owners proprietaire root
    security server service somebody system team trustandsafety trustsafety you владелец
    система مدير
""")
FILLERS = str.split("""
    a account alert an and bot center centre chat chief community customer desk der die el for from
    global group head info la lead le live local message near notice of online our page real room
    safety senior service site super tech technical the this trust user web your
""")
CAPITAL = regex.compile(r"(?<=\p{Ll})(?=\p{Lu})")
BETWEEN_WORDS = regex.compile(r"[^\p{L}\p{M}\p{N}]+")
DIGITS = "0123456789"
# Figures that stand for letters; Unicode's table has 0 and 1.
FIGURES = str.maketrans("@4835$7+!|¡€", "aabessttllle")
# "[mod] Bob" is one of ours, "Rob Mod" is not.
BRACKETED = regex.compile(r"[\[({<\u3010\uff08\u300a]\s*(\w+)\s*[\])}>\u3011\uff09\u300b]")
# What two names together may spell by chance: "Mo D", "Yo U".
CHANCE_MAX = 4
RUN = regex.compile(r"(.)\1+")


def looks_official(name: str) -> bool:
    """Whether a name looks like that of staff or of the product."""
    seen = bare(name)
    return any(map(_sounds_official, {seen, seen.translate(FIGURES)}))


def _sounds_official(seen: str) -> bool:
    words = [word for word in BETWEEN_WORDS.split(CAPITAL.sub(" ", seen)) if word]
    plain = [word.strip(DIGITS) or word for word in words]
    shapes = {*skeletons("".join(words)), *skeletons("".join(plain))}
    return (
        any(map(_is_official, [*BETWEEN_WORDS.split(seen), *plain]))
        or any(map(_is_spelled, (words, plain)))
        or any(skeletons(word) & MORE.keys() for word in BRACKETED.findall(seen))
        or any(word in shape for shape in shapes for word in SHAPES["anywhere"])
        or _is_made_of(plain)
        or (not _is_by_chance(seen) and any(map(_is_run_together, shapes)))
    )


def _is_official(word: str) -> bool:
    for whole in skeletons(word):
        shape = _without_runs(whole)
        if shape in SHAPES["official"] or shape.startswith(STEM_SHAPES):
            return True
        if shape.endswith(STEM_SHAPES):
            return True
    return False


def _is_spelled(words: list[str]) -> bool:
    """Whether words that stand together spell an official one, from the beginning of the first to
    the end of the last: "Chad Min" is a name."""
    turns = range(len(words))
    runs = ("".join(words[start : end + 1]) for start in turns for end in turns[start + 1 :])
    return any(
        _without_runs(shape) in SHAPES["official"] for run in runs for shape in skeletons(run)
    )


def _is_by_chance(seen: str) -> bool:
    words = seen.split()
    is_short = len("".join(words)) <= CHANCE_MAX
    return is_short and len(words) > 1 and any(len(word) > 1 for word in words)


def _is_made_of(words: list[str]) -> bool:
    """Whether there are only words that look official together, one of them more than a filler."""
    found = [WORDS[shape] for word in words for shape in skeletons(word) if shape in WORDS]
    return any(found) and all(skeletons(word) & WORDS.keys() for word in words)


def _is_run_together(shape: str) -> bool:
    """The same without spaces: longer words only, or "Model" were "mod" and an article."""
    reached: dict[int, bool] = {0: False}
    for at in range(len(shape)):
        if at in reached:
            for word, counts in LONG_WORDS.items():
                if shape.startswith(word, at):
                    end = at + len(word)
                    reached[end] = reached.get(end, False) or reached[at] or counts
    return reached.get(len(shape), False)


def _without_runs(shape: str) -> str:
    single: str = RUN.sub(r"\1", shape)
    return single


def _shapes(*words: str) -> frozenset[str]:
    return frozenset().union(*map(skeletons, words))


SHAPES = {
    "official": frozenset(map(_without_runs, _shapes(*OFFICIAL, *STEMS))),
    "anywhere": _shapes(*ANYWHERE),
}
STEM_SHAPES = tuple(sorted(map(_without_runs, _shapes(*STEMS))))
MORE = dict.fromkeys(_shapes(*ALONE, *OFFICIAL, *STEMS), True)
WORDS = dict.fromkeys(_shapes(*FILLERS), False) | MORE
LONG_WORDS = dict.fromkeys(_shapes("the", *(one for one in FILLERS if len(one) > 3)), False) | MORE
