"""The looks that all figures share: the document's widths, type sizes, fonts and colours."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Any

from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.mathtext import MathTextParser
from matplotlib.textpath import TextToPath

TEXT_WIDTH = 156 / 25.4
"""Inches; report.sty sets the same. A figure drawn this wide is printed without scaling."""

LABEL_SIZE = 9.0
"""Points, of axis labels and titles."""
SMALL_SIZE = 8.0
"""Of tick labels; figures side by side are scaled to 0.875 at least, and 7 points stay."""

FONTS = ("cmr10", "STIXGeneral", "DejaVu Serif")
"""Computer Modern, which Latin Modern redraws; the others have the characters that it lacks. Matplotlib ships all."""

# Paul Tol's "bright" and "muted" schemes: told apart with every kind of colour blindness.
LINE_COLOURS = ("#4477AA", "#EE6677", "#228833", "#AA3377", "#CCBB44", "#66CCEE", "#555555")
CLASS_COLOURS = (
    "#332288",
    "#88CCEE",
    "#44AA99",
    "#117733",
    "#999933",
    "#DDCC77",
    "#CC6677",
    "#882255",
    "#AA4499",
    "#777777",
)
MANY_COLOURS = (
    "#4477AA",
    "#EE6677",
    "#228833",
    "#AA3377",
    "#CC8800",
    "#332288",
    "#66CCEE",
    "#555555",
    "#999933",
    "#882255",
)
"""For more lines than tell apart by colour alone: each has a marker of its own, too."""
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", ">", "*")
LINE_STYLES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (3, 3)), (0, (1, 3)))
INK = "#222222"
FAINT = "#999999"

SETTINGS: dict[str, Any] = {
    "font.family": list(FONTS),
    "font.size": LABEL_SIZE,
    "mathtext.fontset": "stix",  # the Computer Modern of matplotlib has no Unicode: its α reads as ® and its minus as ¡
    "axes.formatter.use_mathtext": False,  # for the same reason: it takes the minus from that font
    "axes.formatter.useoffset": False,  # a curve that hardly changes shows its values, not a sum to be done in the head
    "axes.unicode_minus": True,
    "axes.titlesize": LABEL_SIZE,
    "axes.labelsize": LABEL_SIZE,
    "xtick.labelsize": SMALL_SIZE,
    "ytick.labelsize": SMALL_SIZE,
    "legend.fontsize": SMALL_SIZE,
    "legend.frameon": False,
    "legend.handlelength": 1.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.6,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.minor.width": 0.4,
    "ytick.minor.width": 0.4,
    "axes.grid": False,
    "grid.color": "#DDDDDD",
    "grid.linewidth": 0.5,
    "axes.axisbelow": True,
    "lines.linewidth": 1.2,
    "lines.markersize": 3.5,
    "figure.dpi": 100,
    "savefig.dpi": 200,
    "pdf.fonttype": 42,
    "pdf.compression": 6,
    "svg.hashsalt": "latentpress",
    "path.simplify": True,
}


@lru_cache(maxsize=1)
def _known_characters() -> frozenset[int]:
    known: set[int] = set()
    for family in FONTS:
        known.update(get_font(findfont(FontProperties(family=family))).get_charmap())
    return frozenset(known)


def label(text: object) -> str:
    """Text for matplotlib: mathematics between dollar signs kept if it can be parsed, else dollars as typed.

    Characters that no font has become ``[U+5C0F]``; line breaks and control characters become spaces.
    """
    known = _known_characters()
    shown = "".join(_shown(character, known) for character in unicodedata.normalize("NFC", str(text)))
    if "$" not in shown:
        return shown
    try:
        MathTextParser("path").parse(shown)
    except ValueError:
        return shown.replace("$", r"\$")
    return shown


def _shown(character: str, known: frozenset[int]) -> str:
    if character.isspace() or unicodedata.category(character) == "Cc":
        return " "
    return character if ord(character) in known else f"[U+{ord(character):04X}]"


def text_width(text: str, size: float = SMALL_SIZE) -> float:
    """Width in inches of one line of text, at `size` points."""
    is_math = text.count("$") >= 2
    properties = FontProperties(family=list(FONTS), size=size)
    width, _, _ = TextToPath().get_text_width_height_descent(text, properties, is_math)
    return float(width) / 72


def clip(text: str, width: float, size: float = SMALL_SIZE) -> str:
    """The text, cut with an ellipsis to fit a width in inches; mathematics is never cut."""
    if "$" in text or text_width(text, size) <= width:
        return text
    while text and text_width(text + "…", size) > width:
        text = text[:-1]
    return text.rstrip() + "…"
