"""Text that a user types reaches the page as it is, whatever it is."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentpress.reporting.characters import SPACES, TYPESETTABLE
from latentpress.reporting.latex import LONGEST_RUN, Tex, escape, finalize, join, pdf_string, to_text

HOSTILE = [
    r"% & _ # $ { } \ ^ ~ \" < > | `",
    r"\input{/etc/passwd} \write18{id} \end{document} \csname",
    "?` !` -- --- '' `` ,, << >> \"quoted\"",
    "[leading bracket] * star",
    "naïve Ångström Šimůnek Łódź ß œuvre ¿qué? ¡sí!",
    "Nguyễn Thị Ánh, Đặng Văn Ớt",
    "Γιώργος Παπαδόπουλος, β = 1/20, log σ²",
    "小明 さくら 한국어 😀 👨‍👩‍👧 עברית العربية",
    "a\x00b\x07c\x1bd\x7fe\x85f\ufffeg",
    "line\nbreak\ttab\u2028separator\u00a0tie\u200bzero",
    "e\u0301 combining, o\u0302\u0301, lone \u0301",
    "∞ ≤ ≥ ≠ ≈ → ← × ÷ ± · … – — “x” ‘y’ „z“ € £ ¥ © ™ 10⁻³ H₂O x²",
    "^^41 ^^M %comment",
    "w" * 120,
    "",
    " ",
    "\ud800",
]

text = st.text(max_size=40)


@given(text)
def test_escaped_text_reads_back(typed: str) -> None:
    """All but spaces and invisible characters, which have no look to keep."""
    unseen = {c: "" if tex in ("", r"\-") else " " for c, tex in SPACES.items()}
    visible = "".join(unseen.get(c, c) for c in unicodedata.normalize("NFC", typed))
    assert to_text(escape(typed)).split() == visible.split()


@given(text)
def test_escaped_text_holds_no_active_character(typed: str) -> None:
    allowed = re.sub(
        r"\\(missingglyph|composed)\{[0-9A-F]+\}|\\[A-Za-z]+(\{\})?|\\[%&_#${},`'^~=.\"-]|\{\[\}|\{\]\}|\{\*\}|~|\^\{|_\{",
        "",
        escape(typed),
    )
    assert not set('%&#$\\^_"<>|`') & set(allowed)


@given(text)
def test_braces_balance(typed: str) -> None:
    depth = 0
    for brace in re.findall(r"(?<!\\)[{}]", escape(typed).replace("\\\\", "")):
        depth += 1 if brace == "{" else -1
        assert depth >= 0
    assert depth == 0


@given(text)
def test_tex_is_never_escaped_twice(typed: str) -> None:
    assert escape(escape(typed)) == escape(typed)


def test_only_tex_and_tex_is_tex() -> None:
    """Whatever mixes TeX with a plain string is plain, and so will be escaped."""
    tex = Tex(r"\alpha")
    assert isinstance(tex + Tex("x"), Tex)
    for mixed in (tex + "%", "%" + tex, tex[1:], tex.upper(), f"{tex}", tex.replace("a", "%"), Tex("%s") % "%"):
        assert not isinstance(mixed, Tex)
    assert not hasattr(tex, "__html__")


def test_ligatures_are_broken_up() -> None:
    assert escape("--") == "-{}-"
    assert escape("''") == "'{}'"
    assert escape(",,") == ",{},"
    assert "`" not in escape("?` !`")


def test_a_long_run_may_be_broken() -> None:
    pieces = escape("w" * 100).split(r"\allowbreak{}")
    assert max(map(len, pieces)) <= LONGEST_RUN
    assert escape("report_templates/assignment").split(r"\allowbreak{}") == [r"report\_", "templates/", "assignment"]
    assert r"\allowbreak" not in escape("an ordinary sentence/phrase of many words")


def test_greek_letters_alone_are_symbols_and_words_are_markers() -> None:
    assert r"\ensuremath{\beta}" in escape("β = 1/20")
    assert escape("λόγος").count(r"\missingglyph") == 5
    assert r"\ensuremath" not in escape("λόγος")


def test_join_escapes_what_is_no_tex() -> None:
    assert join(Tex(" & "), ["a_b", Tex("$x$")]) == r"a\_b & $x$"


def test_metadata_carries_code_points() -> None:
    assert pdf_string("a%β") == r"a\unichar{37}\unichar{946}"


@pytest.mark.parametrize("value", [None, 0.5])
def test_nothing_and_bare_numbers_are_refused(value: object) -> None:
    with pytest.raises(TypeError):
        finalize(value)


def test_whole_numbers_are_printed_with_commas() -> None:
    assert finalize(12345) == "12,345"
    assert finalize(True) == "yes"


def test_to_text_reads_what_sentences_are_made_of() -> None:
    tex = (
        r"At $\alpha = 0.4$ it is 26.4\,dB \interval{$-0.5$}{1}, $p < 0.001$; "
        r"\emph{no} 98\,\% ``more''~--~see \textbf{all}."
    )
    assert to_text(tex) == "At α = 0.4 it is 26.4 dB [−0.5, 1], p < 0.001; no 98 % “more” – see all."


def test_typesettable_characters_are_those_of_western_europe_at_least() -> None:
    assert set("äöüßéèêëçñõøåæœšžłńřůįțĂ€£§†") <= TYPESETTABLE
    assert not set("βЖ中😀\x00\u200b ") & TYPESETTABLE
