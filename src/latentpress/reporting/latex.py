r"""Text for LaTeX: the type `Tex` of what may stand in a .tex file as it is, and `escape` for everything else.

``Tex`` is what the project itself has written as TeX. Only ``Tex + Tex`` stays ``Tex``; whatever else is done
to one (formatting, slicing, joining with a plain string) gives a plain string, which is escaped before it is
printed. So a string that came from a user is escaped exactly once, wherever it took its way.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from pylatex import NoEscape

from latentpress.reporting.characters import ACCENTS, GREEK, JOINING, SPACES, SPECIAL, SYMBOLS, TYPESETTABLE

# Longest run of characters without a place to break a line; one of these fits the narrowest table column.
LONGEST_RUN = 24


class Tex(NoEscape):  # type: ignore[misc]  # PyLaTeX ships no types
    """A string of TeX. PyLaTeX and the templates print it as it is.

    It has no ``__html__``: with that, Jinja and others would take it for safe HTML and mix the two kinds.
    """

    def __add__(self, right: str) -> str:
        joined = str.__add__(self, right)
        return Tex(joined) if isinstance(right, Tex) else joined


def escape(value: object) -> Tex:
    r"""Any value as TeX that typesets to the characters of ``str(value)``; a `Tex` passes unchanged.

    Line breaks become spaces, combining accents are composed, ligatures that the fonts would make (``--``,
    ``?` ``, ``<<``) are broken up, characters without a glyph become ``\missingglyph{hexadecimal code}``,
    which prints a visible marker and enters the document's metadata as the character itself.
    """
    if isinstance(value, Tex):
        return value
    text = unicodedata.normalize("NFC", str(value))
    parts: list[str] = []
    breaks = _breaks(text)
    for index, character in enumerate(text):
        before = text[index - 1] if index else " "
        after = text[index + 1] if index + 1 < len(text) else " "
        if character in JOINING and before in JOINING:
            parts.append("{}")
        if index in breaks:
            parts.append(r"\allowbreak{}")
        parts.append(_escape_character(character, before, after))
    return Tex("".join(parts))


def _breaks(text: str) -> set[int]:
    """Where words that are too long for a line may be broken: behind ``/ . _ - :``, else at equal distances."""
    places: set[int] = set()
    for word in re.finditer(rf"\S{{{LONGEST_RUN + 1},}}", text):
        start = word.start()
        for piece in re.split(r"(?<=[/._:-])", word[0]):
            places.update(range(start, start + len(piece), LONGEST_RUN))
            start += len(piece)
        places.discard(word.start())
    return places


def _escape_character(character: str, before: str, after: str) -> str:
    if character in SPECIAL:
        return SPECIAL[character]
    if character in SPACES:
        return SPACES[character]
    if character == " " or character in TYPESETTABLE:
        return character
    code = f"{ord(character):04X}"
    if character in GREEK and not (before.isalpha() or after.isalpha()):
        return rf"\composed{{{code}}}{{\ensuremath{{{GREEK[character]}}}}}"
    if character in SYMBOLS:
        return rf"\composed{{{code}}}{{\ensuremath{{{SYMBOLS[character]}}}}}"
    accented = _accented(character)
    if accented:
        return rf"\composed{{{code}}}{{{accented}}}"
    return rf"\missingglyph{{{code}}}"


def _accented(character: str) -> str:
    """Letter and accents as TeX commands (Vietnamese and the like), or empty where there is no such command."""
    parts = unicodedata.decomposition(character).split()
    if len(parts) != 2 or parts[0].startswith("<") or int(parts[1], 16) not in ACCENTS:
        return ""
    base = chr(int(parts[0], 16))
    inner = base if base in TYPESETTABLE and base not in SPECIAL else _accented(base)
    return f"{ACCENTS[int(parts[1], 16)]}{{{inner}}}" if inner else ""


def join(separator: object, values: Iterable[object]) -> Tex:
    """Escape what is no `Tex`, then join."""
    return Tex(str(escape(separator)).join(str(escape(value)) for value in values))


def pdf_string(value: object) -> Tex:
    r"""Any value for hyperref's ``pdftitle`` and its like: printable ASCII, the rest by its code point."""
    text = "".join(" " if character in "\t\n\r" else character for character in str(value))
    return Tex("".join(_pdf_character(character) for character in text))


def _pdf_character(character: str) -> str:
    if character == " " or (character.isascii() and character.isalnum()) or character in "-.:;!?/'()+=@":
        return character
    if 0xD800 <= ord(character) <= 0xDFFF:  # half a character, which no encoding can carry
        character = "\ufffd"
    return rf"\unichar{{{ord(character)}}}"


_COMMANDS = {
    r"\textbackslash": "\\",
    r"\textasciicircum": "^",
    r"\textasciitilde": "~",
    r"\textquotedbl": '"',
    r"\textless": "<",
    r"\textgreater": ">",
    r"\textbar": "|",
    r"\textasciigrave": "`",
    r"\textendash": "–",
    r"\enspace": " ",
    r"\quad": " ",
    r"\newline": " ",
    r"\infty": "∞",
    r"\times": "×",
    r"\pm": "±",
    r"\leq": "≤",
    r"\geq": "≥",
    r"\cdot": "·",
    r"\approx": "≈",
    r"\ldots": "…",
    r"\dots": "…",
    r"\lVert": "‖",
    r"\rVert": "‖",
    r"\Delta": "Δ",
    **{command: letter for letter, command in GREEK.items()},
}
_GROUP = r"\{((?:[^{}]|\{[^{}]*\})*)\}"
_INTERVAL = re.compile(rf"\\interval{_GROUP}{_GROUP}")
_TOKEN = re.compile(
    r"\\(?:missingglyph\{(?P<code>[0-9A-F]+)\}"
    r"|composed\{(?P<composed>[0-9A-F]+)\}\{(?:[^{}]|\{(?:[^{}]|\{(?:[^{}]|\{[^{}]*\})*\})*\})*\})"
    r"|\\hspace\{0pt\}"
    r"|\\traced\{[^{}]*\}\{[^{}]*\}"  # where the number that follows comes from
    r"|\\provenancemark\{[^{}]*\}"
    r"|\\(?:label|vspace|hspace)\{[^{}]*\}"
    r"|(?P<command>\\[A-Za-z]+)(?:\{\})?(?P<behind>[ \t]*)"
    r"|\\(?P<symbol>.)"
    r"|(?P<dash>---?)"
    r"|(?P<quote>``|'')"
    r"|(?P<tie>~)"
    r"|(?P<drop>[{}$])",
    re.DOTALL,
)


def to_text(tex: str) -> str:
    """Plain text of TeX that this project writes: sentences, captions, cells. For report.json and log lines.

    It undoes `escape` (up to the composition of accents and runs of space), reads simple mathematics, and
    drops commands that only style.
    """

    def replace(match: re.Match[str]) -> str:
        code = match["code"] or match["composed"]
        if code:
            return chr(int(code, 16))
        if match["command"]:
            symbol = _COMMANDS.get(match["command"])
            # TeX drops the space behind a command; in mathematics it sets one of its own there.
            return "" if symbol is None else symbol + match["behind"]
        if match["symbol"]:
            return {",": " ", ";": " ", ":": " ", "!": "", "-": "", "\\": " "}.get(match["symbol"], match["symbol"])
        if match["dash"]:
            return "–" if match["dash"] == "--" else "—"
        if match["quote"]:
            return "“" if match["quote"] == "``" else "”"
        return " " if match["tie"] else ""

    plain = _INTERVAL.sub(r"[\1, \2]", tex)
    text = _TOKEN.sub(replace, re.sub(r"\$-\$|(?<=\$)-(?=[\d.])", "\u2212", plain))
    return re.sub(r"\s+", " ", text).strip()


def finalize(value: Any) -> Tex:
    """What a template prints: `Tex` as it is, text escaped, whole numbers with thousands separated.

    Raises:
        TypeError: for None and for numbers that do not come through `num` or `setting`, whose digits would be
            anyone's guess and whose origin could not be traced.
    """
    if isinstance(value, Tex):
        return value
    if value is None:
        raise TypeError("the template prints a value that is None (nothing)")
    if isinstance(value, bool):
        return Tex("yes" if value else "no")
    if isinstance(value, int):
        return Tex(f"{value:,}".replace("-", "$-$"))
    if isinstance(value, float):
        raise TypeError(f"the template prints the bare number {value!r}; use num(…), setting(…) or published(…)")
    return escape(value)
