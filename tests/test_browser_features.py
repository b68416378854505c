"""The page works in the oldest browsers that NearTalk is for: Safari 16.4 and Firefox ESR 115.

Each feature stands with the version that it came with (MDN's tables of compatibility, November
2026; None: it has not come). What is younger than either browser may not be used, unless the page
works without it: a style that is ignored costs nothing, and a script asks first.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import pytest

from tests.support.servers import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SAFARI, FIREFOX = 16.4, 115.0
BESIDE_JS = re.compile(r"(?<![:'\"`\\])//[^\n]*|/\*.*?\*/", re.DOTALL)
BESIDE_CSS = re.compile(r"/\*.*?\*/", re.DOTALL)
BESIDE_HTML = re.compile(r"\{#.*?#\}|<!--.*?-->", re.DOTALL)


class Feature(NamedTuple):
    """How it is written, since when it is there, and how it may be written although it is young."""

    name: str
    written: str
    safari: float | None
    firefox: float | None
    guarded: str = ""
    asked: str = ""

    @property
    def young(self) -> bool:
        oldest = ((self.safari, SAFARI), (self.firefox, FIREFOX))
        return any(since is None or since > ours for since, ours in oldest)


# `guarded` is how it may be written, since that way it is harmless; `asked` is the question after
# which it may be used in the same file.
SCRIPT = [
    Feature("Array.at", r"\.at\(", 15.4, 90),
    Feature("Array.findLast", r"\.findLast(?:Index)?\(", 15.4, 104),
    Feature("Array.toSorted", r"\.to(?:Sorted|Reversed|Spliced)\(", 16, 115),
    Feature("Array.fromAsync", r"\bArray\.fromAsync\b", 16.4, 115),
    Feature("Object.groupBy", r"\b(?:Object|Map)\.groupBy\b", 17.4, 119),
    Feature("Promise.withResolvers", r"\bwithResolvers\b", 17.4, 121),
    Feature("Promise.try", r"\bPromise\.try\b", 18.2, 134),
    Feature("Set methods", r"\.(?:union|intersection|symmetricDifference|isSubsetOf)\(", 17, 127),
    Feature(
        "Iterator helpers",
        r"\bIterator\.from\b|\.(?:values|keys|entries)\(\)\.(?!next\b)\w",
        18.4,
        131,
    ),
    Feature("String.isWellFormed", r"\.(?:isWellFormed|toWellFormed)\(", 16.4, 119),
    Feature("structuredClone", r"\bstructuredClone\b", 15.4, 94),
    Feature("reportError", r"\breportError\b", 15.4, 93),
    Feature("queueMicrotask", r"\bqueueMicrotask\b", 12.1, 69),
    Feature("AbortSignal.timeout", r"\bAbortSignal\.timeout\b", 16, 100),
    Feature("AbortSignal.any", r"\bAbortSignal\.any\b", 17.4, 124),
    Feature("ArrayBuffer.transfer", r"\.transfer(?:ToFixedLength)?\(", 17.4, 122),
    Feature("Uint8Array to text", r"\.(?:toHex|toBase64)\(|\.from(?:Hex|Base64)\(", 18.2, 133),
    Feature("RegExp.escape", r"\bRegExp\.escape\b", 18.2, 134),
    Feature("the regex flag v", r"/[dgimsuy]*v[dgimsuy]*(?=[.,;)\s])(?<=[\])}+*?$\w]/v)", 17, 116),
    Feature("Error.isError", r"\bError\.isError\b", 26, 138),
    Feature("Map.getOrInsert", r"\.getOrInsert(?:Computed)?\(", 26.2, 144),
    Feature("modifiers of a regex", r"\(\?[ims]*-?[ims]+:", 26, 132),
    Feature("Error.captureStackTrace", r"\bcaptureStackTrace\b", 1, 138),
    Feature("dialog.requestClose", r"\.requestClose\(", 18.4, 139),
    Feature("typed styles", r"\b(?:computedStyleMap|attributeStyleMap)\b|\bCSS\.px\(", 16.4, None),
    Feature("CSS.registerProperty", r"\bCSS\.registerProperty\b", 16.4, 128),
    Feature("streams as iterables", r"\bReadableStream\.from\b", None, 117),
    Feature("choice of codecs", r"\bsetCodecPreferences\b", 13.1, 128),
    Feature("the microphone of a session", r"\.setMicrophoneActive\(", 17.4, None),
    Feature("Math.sumPrecise", r"\bMath\.(?:sumPrecise|f16round)\b", 26.2, 137),
    Feature("URL.canParse", r"\bURL\.(?:canParse|parse)\b", 17, 115),
    Feature("Response.json", r"\bResponse\.json\(", 17, 115),
    Feature(
        "Intl.Segmenter",
        r"\bIntl\.Segmenter\b",
        14.1,
        125,
        asked=r"'Segmenter' in Intl|typeof Intl\.Segmenter|!?Intl\.Segmenter(?:\?| \?| &&|\))",
    ),
    Feature("Intl.DurationFormat", r"\bIntl\.DurationFormat\b", 16.4, 136),
    Feature("Temporal", r"\bTemporal\.", None, 139),
    Feature("top-level await", r"^await ", 15, 89),
    Feature("import attributes", r"\bfrom '[^']+' (?:with|assert) \{", 17.2, 138),
    Feature("using", r"^\s*(?:await )?using \w+ =", None, 141),
    Feature(
        "checkVisibility", r"\bcheckVisibility\b", 17.4, 106, r"\.checkVisibility\?\.\([^\n]*\?\?"
    ),
    Feature("scheduler", r"\bscheduler\.(?:yield|postTask)\b", None, 142),
    Feature("requestIdleCallback", r"\brequestIdleCallback\b", None, 55),
    Feature("view transitions", r"\bstartViewTransition\b", 18, 144),
    Feature("popover", r"\.(?:show|hide|toggle)Popover\(|\.popover\b", 17, 125),
    Feature("ARIA by property", r"\.aria[A-Z]\w*", 12.1, 119),
    Feature("scrollend", r"'scrollend'", 26.2, 109),
    Feature("moveBefore", r"\.moveBefore\(", None, 144),
    Feature("getHTML, setHTML", r"\.(?:getHTML|setHTML|setHTMLUnsafe)\(|parseHTML", None, 148),
    Feature("caretPositionFromPoint", r"\bcaretPositionFromPoint\b", 18.4, 20),
    Feature("CloseWatcher", r"\bCloseWatcher\b", None, 149),
    Feature("the Navigation API", r"\b(?:window\.)?navigation\.(?:navigate|add)", 26.2, 147),
    Feature("URLPattern", r"\bURLPattern\b", 26, 142),
    Feature("cookieStore", r"\bcookieStore\b", 18.4, 140),
    Feature("fetchLater", r"\bfetchLater\b", None, None),
    Feature("wakeLock", r"\bwakeLock\b", 16.4, 126, r"navigator\.wakeLock\?\."),
    Feature("userActivation", r"\buserActivation\b", 16.4, 120, r"navigator\.userActivation\?\."),
    Feature("virtualKeyboard", r"\bvirtualKeyboard\b", None, None, r"navigator\.virtualKeyboard\?"),
    Feature("visualViewport", r"\bvisualViewport\b", 13, 91),
    Feature("CSS highlights", r"\bCSS\.highlights\b|\bHighlight\(", 17.2, 140),
    # Only on secure pages, whatever the version: this one is for plain http too.
    Feature("crypto.randomUUID", r"\brandomUUID\b", None, None),
    Feature("crypto.subtle", r"\bcrypto\.subtle\b", None, None),
    Feature("Web Locks", r"\bnavigator\.locks\b", 15.4, 96),
    Feature("BroadcastChannel", r"\bBroadcastChannel\b", 15.4, 38),
    Feature(
        "choice of the output",
        r"\bsetSinkId\b",
        18.4,
        116,
        r"'setSinkId' in HTMLMediaElement\.prototype|canChooseDevice\) await player[^\n]*",
    ),
    Feature(
        "audioSession",
        r"\bnavigator\.audioSession\b",
        16.4,
        None,
        r"if \(navigator\.audioSession\)[^\n]*",
    ),
    Feature(
        "network information",
        r"\bnavigator\.connection\b",
        None,
        None,
        r"navigator\.connection\?\.\w+|if \(navigator\.connection\.type === network\)"
        r"|network = navigator\.connection\.type",
    ),
    Feature(
        "sharing",
        r"\bnavigator\.share\b",
        12.1,
        None,
        r"if \(navigator\.share\) \{\s*await navigator\.share\(",
    ),
    Feature("clipboard", r"\bnavigator\.clipboard\b", 13.1, 63),
]
STYLE = [
    Feature(":has()", r":has\(", 15.4, 121),
    Feature("nesting", r"[{;}]\s*&|(?:^|[{};])\s*[^@{};\s][^@{};]*\{[^{}]*\{", 17.2, 117),
    Feature("@scope", r"@scope\b", 17.4, 146),
    Feature("@starting-style", r"@starting-style\b", 17.5, 129),
    Feature("@property", r"@property\b", 16.4, 128),
    Feature("@layer", r"@layer\b", 15.4, 97),
    Feature("@container", r"@container\b", 16, 110),
    Feature("@container style()", r"@container[^{]*\bstyle\(", 18, None),
    Feature("media queries with <", r"@media[^{]*[<>]", 16.4, 102),
    Feature("color-mix()", r"\bcolor-mix\(", 16.2, 113),
    Feature("light-dark()", r"\blight-dark\(", 17.5, 120),
    Feature(
        "colours from others", r"\b(?:rgb|hsl|oklch|oklab|lab|lch|color)\(\s*from\b", 16.4, 128
    ),
    Feature("round()", r"\b(?:round|mod|rem)\((?=[^)]*,)", 15.4, 118),
    Feature("abs(), sign()", r"(?<![\w-])(?:abs|sign)\(", 15.4, 118),
    Feature("units lh and rlh", r"\b[\d.]+r?lh\b", 16.4, 120),
    Feature("units dvh and svh", r"\b[\d.]+[dsl]v(?:h|w|i|b|min|max)\b", 15.4, 101),
    Feature("units cqi", r"\b[\d.]+cq(?:i|b|w|h|min|max)\b", 16, 110),
    Feature("field-sizing", r"\bfield-sizing:", 26.2, None, r"field-sizing: content;"),
    Feature("text-wrap", r"\btext-wrap:", 17.4, 121, r"text-wrap: (?:balance|pretty|initial);"),
    Feature("text-box", r"\btext-box(?:-trim|-edge)?:", 18.2, None),
    Feature("anchors", r"\banchor-name:|\bposition-(?:anchor|area|try)|\banchor\(", 26, 147),
    Feature("animation-timeline", r"\b(?:animation|scroll|view)-timeline", 26, None),
    Feature("interpolate-size", r"\binterpolate-size:|\bcalc-size\(", None, None),
    Feature("transition-behavior", r"\btransition-behavior:|\ballow-discrete\b", 18, 129),
    Feature("content-visibility", r"\bcontent-visibility:", 18, 125),
    Feature("scrollbar-gutter", r"\bscrollbar-gutter:", 18.2, 97),
    Feature("scrollbar-color", r"\bscrollbar-(?:color|width):", 26.2, 64),
    Feature("backdrop-filter", r"(?<!-)\bbackdrop-filter:", 18, 103),
    Feature(
        "user-select",
        r"(?<!-)\buser-select:",
        None,
        69,
        r"user-select: none; -webkit-user-select: none;",
    ),
    Feature("zoom", r"(?<![\w-])zoom:", 3.1, 126),
    Feature("overflow: clip", r"\boverflow(?:-[xy])?: clip\b", 16, 81),
    Feature("aspect-ratio", r"(?<!-)\baspect-ratio:", 15, 89),
    Feature("translate, scale", r"^\s*(?:translate|scale|rotate):", 14.1, 72),
    Feature("mask", r"(?<!-)\bmask(?:-image)?:", 15.4, 53),
    Feature("overscroll-behavior", r"\boverscroll-behavior", 16, 59),
    Feature("subgrid", r"\bsubgrid\b", 16, 71),
    Feature(":popover-open", r":popover-open\b|:open\b", 17, 125),
    Feature(":dir()", r":dir\(", 16.4, 49),
    Feature(":state()", r":state\(", 17.4, 126),
    Feature(":user-invalid", r":user-(?:in)?valid\b", 16.5, 88),
    Feature("::highlight()", r"::highlight\(|::target-text|::details-content", 17.2, 140),
    Feature("@media scripting", r"\(scripting\b", 17, 113),
    Feature("image-set()", r"(?<!-)\bimage-set\(", 17, 113),
    Feature("linear()", r"(?<![\w-])linear\(", 17.2, 112),
    Feature("if(), attr() with types", r"(?<![\w-])if\(|\battr\([^)]*(?:,|\btype\()", None, None),
    Feature("hyphenate-limit", r"\bhyphenate-limit", None, 137),
    Feature("corner-shape", r"\bcorner-shape:", None, None),
    Feature(
        "white-space-collapse", r"\bwhite-space-collapse:|\btext-wrap-(?:mode|style):", 17.4, 124
    ),
    Feature("unit cap", r"\b[\d.]+r?cap\b", 17.2, 97),
    Feature("shapes of a clip", r"(?<![\w-])(?:shape|xywh|rect)\(", 17.2, 122),
    Feature("@counter-style", r"@counter-style\b", 17, 33),
    Feature(
        "size: stretch", r"-size: (?:stretch|-webkit-fill-available|-moz-available)", None, None
    ),
    # A pseudo-element that another browser does not know makes it drop the whole list.
    Feature(
        "names of one browser in a list",
        r"::-(?:webkit|moz)-[\w-]+[^{};]*,|,[^{};]*::-(?:webkit|moz)-",
        None,
        None,
    ),
    Feature(
        "variables in ::backdrop",
        r"::backdrop\s*\{[^}]*\bvar\(",
        17.4,
        120,
        asked=r":root, ::backdrop \{",
    ),
    Feature("reading-flow", r"\breading-(?:flow|order):", None, None),
]
MARKUP = [
    Feature("popover", r"\spopover(?:target)?\b", 17, 125),
    Feature("contenteditable without styles", r"plaintext-only", 10, 136),
    Feature("commandfor", r"\scommand(?:for)?=", 26.2, 144),
    Feature("details with a name", r"<details[^>]*\sname=", 17.2, 130),
    Feature("search", r"<search\b", 17, 118),
    Feature("closedby", r"\sclosedby=", None, 141),
    Feature("hidden=until-found", r"until-found", 26.2, 139),
    Feature("import maps", r"importmap", 16.4, 108),
    Feature("selectedcontent", r"<selectedcontent\b", None, None),
    Feature("shadowrootmode", r"\sshadowrootmode=", 16.4, 123),
    Feature("blocking", r"\sblocking=", 18.2, None),
    Feature("dialog", r"<dialog\b", 15.4, 98),
    Feature("inert", r"\sinert\b", 15.5, 112),
]
FORMS = {
    ".js": (SCRIPT, BESIDE_JS),
    ".css": (STYLE, BESIDE_CSS),
    ".html": (MARKUP, BESIDE_HTML),
}


def sources() -> Iterator[Path]:
    for folder in ("static/js", "static/css", "templates"):
        yield from sorted(one for one in (ROOT / folder).rglob("*") if one.suffix in FORMS)


def text_of(source: Path) -> str:
    """What stands in a source; before a sheet of the pages the one that they all load first."""
    first = source.parent / "base.css"
    follows = source.suffix == ".css" and source.stem not in {"base", "admin"}
    return (first.read_text() if follows else "") + source.read_text()


def unguarded(text: str, suffix: str) -> set[str]:
    """The features that the oldest browsers lack, and whose lack is not provided for."""
    features, beside = FORMS[suffix]
    code = beside.sub("", text)
    return {one.name for one in features if one.young and is_used(one, code)}


def is_used(feature: Feature, code: str) -> bool:
    if feature.asked and re.search(feature.asked, code):
        return False
    left = re.sub(feature.guarded, "", code) if feature.guarded else code
    return re.search(feature.written, left, re.MULTILINE) is not None


@pytest.mark.parametrize("source", [*sources()], ids=lambda path: path.relative_to(ROOT).as_posix())
def test_nothing_is_used_that_the_oldest_browsers_lack(source: Path) -> None:
    assert unguarded(text_of(source), source.suffix) == set()


@pytest.mark.parametrize(
    ("suffix", "text", "found"),
    [
        (".js", "if (one.checkVisibility()) run();", {"checkVisibility"}),
        (".js", "return one.checkVisibility?.() ?? one.getClientRects().length > 0;", set()),
        (".js", "const parts = new Intl.Segmenter();", {"Intl.Segmenter"}),
        (".js", "const segments = 'Segmenter' in Intl ? new Intl.Segmenter() : null;", set()),
        (".js", "const id = crypto.randomUUID();", {"crypto.randomUUID"}),
        (".js", "const { promise } = Promise.withResolvers();", {"Promise.withResolvers"}),
        (".js", "text.replace(/\\p{RGI_Emoji}/v, '');", {"the regex flag v"}),
        (".js", "text.replace(/\\p{L}/gu, ''); // Object.groupBy", set()),
        (".js", "row.ariaLabel = 'Close';", {"ARIA by property"}),
        (".css", ".a:not(:has(.b)) { color: red; }", {":has()"}),
        (".css", ".a { & .b { color: red; } }", {"nesting"}),
        (".css", ".a {\n  & .b { color: red; }\n}", {"nesting"}),
        (".css", ".a { block-size: 2lh; line-height: 1; }", {"units lh and rlh"}),
        (".css", ".a { block-size: 100dvh; }", set()),
        (".css", ".a { color: light-dark(red, blue); }", {"light-dark()"}),
        (".css", ".m::backdrop { color: var(--a); }", {"variables in ::backdrop"}),
        (".css", ":root, ::backdrop { --a: red; }\n.m::backdrop { color: var(--a); }", set()),
        (
            ".css",
            ".a::-webkit-slider-thumb, .a::-moz-range-thumb { color: red; }",
            {"names of one browser in a list"},
        ),
        (".css", ".a::-webkit-slider-thumb { margin: 0, 1px; }", set()),
        (".html", '<div popover id="a">', {"popover"}),
        (".html", '<script type="importmap">', set()),
    ],
)
def test_a_young_feature_is_found_and_one_with_a_way_without_it_is_not(
    suffix: str, text: str, found: set[str]
) -> None:
    assert unguarded(text, suffix) == found


def test_the_browsers_that_are_meant_stand_in_the_docs() -> None:
    words = f"Safari {SAFARI} and Firefox {FIREFOX:.0f}"
    assert words in (ROOT / "README.md").read_text()
