"""Which characters the report's fonts have, and how those that need a command are written."""

from __future__ import annotations

# Printable ASCII that TeX gives a meaning to, or joins with its neighbour to another character.
SPECIAL = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    '"': r"\textquotedbl{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "`": r"\textasciigrave{}",
    # After a line break these two would be read as its argument; inside an optional argument "]" would end it.
    "[": "{[}",
    "]": "{]}",
    "*": "{*}",
}

# Neighbours that T1 fonts join: -- '' ,, ff. are broken up; ff, fi and fl are wanted.
JOINING = frozenset("-',")

# Spaces and invisible characters; what is absent here and invisible gets a marker.
SPACES = {
    "\t": " ",
    "\n": " ",
    "\r": " ",
    "\u00a0": "~",
    "\u00ad": r"\-",
    "\u2002": r"\enspace{}",
    "\u2003": r"\quad{}",
    "\u2007": "~",
    "\u2008": r"\,",
    "\u2009": r"\,",
    "\u200a": r"\,",
    "\u200b": r"\hspace{0pt}",
    "\u200d": "",
    "\u2028": " ",
    "\u2029": " ",
    "\u202f": r"\,",
    "\ufe0e": "",
    "\ufe0f": "",
    "\ufeff": "",
}


def _ranges(*pairs: tuple[int, int]) -> frozenset[str]:
    return frozenset(chr(code) for first, last in pairs for code in range(first, last + 1))


# What pdfLaTeX typesets as it stands with T1 and TS1 encoded Latin Modern; a test typesets every one of them.
TYPESETTABLE = (
    _ranges((0x21, 0x7E), (0xA1, 0xAC), (0xAE, 0x17E)) - frozenset("ĦħĸĿŀŉŦŧ")
    | _ranges((0x1C4, 0x1D4), (0x1E2, 0x1E3), (0x1E6, 0x1EB), (0x1F4, 0x1F5), (0x218, 0x21B), (0x232, 0x233))
    | _ranges((0x2010, 0x2016), (0x2018, 0x201A), (0x201C, 0x201E), (0x2020, 0x2022), (0x2030, 0x2031))
    | frozenset("…ƒǰȷˇ˘ḂḃḍḞḟḠḡḥḰḱḷṃṅṇṛṣṭẎẏẐẑẞỲỳ‹›※‽⁄₡₤₦₩₫€₱℃№℗℞℠™℧℮←↑→↓⟨⟩◦")
)

# Combining accents (by code point) and the command that sets one over or under its letter.
ACCENTS = {
    0x300: r"\`",
    0x301: r"\'",
    0x302: r"\^",
    0x303: r"\~",
    0x304: r"\=",
    0x306: r"\u",
    0x307: r"\.",
    0x308: r"\"",
    0x30A: r"\r",
    0x30B: r"\H",
    0x30C: r"\v",
    0x323: r"\d",
    0x326: r"\textcommabelow",
    0x327: r"\c",
    0x328: r"\k",
    0x331: r"\b",
}

# Symbols that the mathematical fonts have.
SYMBOLS = {
    "\u2212": "-",
    "∞": r"\infty",
    "≤": r"\leq",
    "≥": r"\geq",
    "≠": r"\neq",
    "≈": r"\approx",
    "≡": r"\equiv",
    "∝": r"\propto",
    "∈": r"\in",
    "∉": r"\notin",
    "⊂": r"\subset",
    "∪": r"\cup",
    "∩": r"\cap",
    "∑": r"\textstyle\sum",
    "∏": r"\textstyle\prod",
    "∫": r"\textstyle\int",
    "∂": r"\partial",
    "∇": r"\nabla",
    "√": r"\surd",
    "∥": r"\parallel",
    "⋅": r"\cdot",
    "∘": r"\circ",
    "⊙": r"\odot",
    "⊗": r"\otimes",
    "⊕": r"\oplus",
    "⇒": r"\Rightarrow",
    "⇔": r"\Leftrightarrow",
    "↦": r"\mapsto",
    "↔": r"\leftrightarrow",
    "∀": r"\forall",
    "∃": r"\exists",
    "∅": r"\emptyset",
    "ℓ": r"\ell",
    "⁺": "^{+}",
    "⁻": "^{-}",
    "ⁿ": "^{n}",
    "ᵀ": r"^{\mathsf{T}}",
    **{chr(0x2080 + digit): f"_{{{digit}}}" for digit in range(10)},
    **{character: f"^{{{digit}}}" for digit, character in zip("0456789", "⁰⁴⁵⁶⁷⁸⁹", strict=True)},
}

# Greek letters that stand alone are symbols and are set as mathematics; in Greek words they have no font.
GREEK = {
    **dict(
        zip(
            "αβγδεζηθικλμνξπρστυφχψω",
            [
                r"\alpha",
                r"\beta",
                r"\gamma",
                r"\delta",
                r"\varepsilon",
                r"\zeta",
                r"\eta",
                r"\theta",
                r"\iota",
                r"\kappa",
                r"\lambda",
                r"\mu",
                r"\nu",
                r"\xi",
                r"\pi",
                r"\rho",
                r"\sigma",
                r"\tau",
                r"\upsilon",
                r"\varphi",
                r"\chi",
                r"\psi",
                r"\omega",
            ],
            strict=True,
        )
    ),
    **dict(
        zip(
            "ΓΔΘΛΞΠΣΥΦΨΩ",
            [
                r"\Gamma",
                r"\Delta",
                r"\Theta",
                r"\Lambda",
                r"\Xi",
                r"\Pi",
                r"\Sigma",
                r"\Upsilon",
                r"\Phi",
                r"\Psi",
                r"\Omega",
            ],
            strict=True,
        )
    ),
}
