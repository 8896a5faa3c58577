"""The list of references as BibTeX's style plainnat makes it, and labels by author and year."""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from latentpress.reporting.latex import to_text
from latentpress.reporting.web.bibtex import Entry, Name, names, outside_braces


@dataclass(frozen=True, slots=True)
class Reference:
    """One work in the list.

    Attributes:
        key: that it is cited by.
        authors: of the label, TeX: ``Rifai et~al.``
        year: of the label, with a letter where it needs one: ``2011a``.
        blocks: its sentences, TeX, as they are printed.
    """

    key: str
    authors: str
    year: str
    blocks: tuple[str, ...]


def references(entries: Mapping[str, Entry], cited: Iterable[str]) -> list[Reference]:
    """The works that are cited, sorted by authors, year and title; keys that no entry has are left out."""
    wanted = [entries[key] for key in dict.fromkeys(cited) if key in entries]
    found = [
        Reference(entry.key, short_names(entry), entry["year"], tuple(blocks(entry)))
        for entry in sorted(wanted, key=_order)
    ]
    labels = [(reference.authors, reference.year) for reference in found]
    twins = {label for label in labels if labels.count(label) > 1}
    letters = {label: iter(string.ascii_lowercase) for label in twins}
    return [
        replace(reference, year=reference.year + next(letters[label], "")) if label in twins else reference
        for reference, label in zip(found, labels, strict=True)
    ]


def _people(entry: Entry) -> list[Name | None]:
    found = names(entry["author"] or entry["editor"])
    if found:
        return found
    said = entry["organization"] or entry["key"] or entry.key[:3]
    return [Name("", "", said, "")]


def _order(entry: Entry) -> tuple[str, str, str]:
    people = [
        " ".join((one.von, one.last, one.first, one.junior)) if one is not None else "et al" for one in _people(entry)
    ]
    return tuple(_sortable(part) for part in ("   ".join(people), entry["year"], entry["title"]))  # type: ignore[return-value]


def _sortable(tex: str) -> str:
    plain = re.sub(r"\\[`'^\"~=.Hcuvdbkr]\s*|\\([a-zA-Z]+)\s*", lambda match: match[1] or "", tex)
    return re.sub(r"[^a-z0-9 ]+", "", re.sub(r"[-~\s]+", " ", plain.lower())).strip()


def short_names(entry: Entry) -> str:
    """The authors as a label has them: one, two, or the first *et al.*"""
    people = _people(entry)
    shown = [_short(one) if one is not None else "" for one in people]
    if len(people) == 1:
        return shown[0]
    if len(people) == 2 and people[1] is not None:
        return f"{shown[0]} and {shown[1]}"
    return f"{shown[0]} et~al."


def _short(one: Name) -> str:
    return f"{one.von}~{one.last}" if one.von else one.last


def full_names(text: str) -> str:
    """All names, first names first, as the list has them."""
    found = names(text)
    written = [" ".join(filter(None, (one.first, one.von, one.last))) + (f", {one.junior}" if one.junior else "")
               for one in found if one is not None]  # fmt: skip
    if None in found:
        return ", ".join(written) + (", et~al." if len(written) > 1 else " et~al.")
    if len(written) > 2:
        return ", ".join(written[:-1]) + f", and {written[-1]}"
    return " and ".join(written)


def sentence_case(title: str) -> str:
    """A title in small letters but for its first letter, those behind a colon, and what stands in braces."""
    done, depth, start = [], 0, True
    for index, character in enumerate(title):
        depth += {"{": 1, "}": -1}.get(character, 0)
        done.append(character if depth or start else character.lower())
        start = character == " " and title[index - 1 : index] == ":"
    return "".join(done)


def blocks(entry: Entry) -> list[str]:
    """An entry's sentences by its kind."""
    made = _KINDS.get(entry.kind, _misc)(entry)
    people = full_names(entry["author"]) or _editors(entry)
    note = "" if entry.kind == "unpublished" else entry["note"]
    last = [note, f"doi: {entry['doi']}" if entry["doi"] else "",
            rf"URL \url{{{entry['url']}}}" if entry["url"] else ""]  # fmt: skip
    return [_ended(block) for block in (people, *made, *last) if block.strip()]


def _ended(block: str) -> str:
    return block if to_text(block).endswith((".", "?", "!")) else f"{block}."


def _joined(*parts: str) -> str:
    return ", ".join(part for part in parts if part)


def _editors(entry: Entry) -> str:
    if not entry["editor"]:
        return ""
    return f"{full_names(entry['editor'])}, {'editors' if len(names(entry['editor'])) > 1 else 'editor'}"


def _date(entry: Entry) -> str:
    return f"{entry['month']} {entry['year']}".strip()


def _pages(entry: Entry) -> str:
    pages = re.sub(r"(?<=\d)-(?=\d)", "--", entry["pages"])
    many = len(outside_braces(pages, r"[-,+]+")) > 1
    return f"{'pages' if many else 'page'} {pages}" if pages else ""


def _of_series(entry: Entry) -> str:
    if entry["volume"]:
        return f"volume {entry['volume']}" + (rf" of \emph{{{entry['series']}}}" if entry["series"] else "")
    if entry["number"]:
        return f"number {entry['number']}" + (f" in {entry['series']}" if entry["series"] else "")
    return entry["series"]


def _article(entry: Entry) -> list[str]:
    pages = re.sub(r"(?<=\d)-(?=\d)", "--", entry["pages"])
    number = f"({entry['number']})" if entry["number"] else ""
    place = entry["volume"] + number + (f":{pages}" if pages and (entry["volume"] or number) else "")
    journal = rf"\emph{{{entry['journal']}}}" if entry["journal"] else ""
    alone = _pages(entry) if pages and not (entry["volume"] or number) else ""
    return [sentence_case(entry["title"]), _joined(journal, place, alone, _date(entry))]


def _in_book(entry: Entry) -> str:
    editors = _editors(entry)
    book = rf"\emph{{{entry['booktitle']}}}" if entry["booktitle"] else ""
    return f"In {_joined(editors, book)}" if book else ""


def _inproceedings(entry: Entry) -> list[str]:
    where = _joined(_in_book(entry), _of_series(entry), _pages(entry))
    publisher = _joined(entry["organization"], entry["publisher"])
    if entry["address"]:
        return [sentence_case(entry["title"]), _joined(where, entry["address"], _date(entry)), publisher]
    if publisher:
        return [sentence_case(entry["title"]), where, _joined(publisher, _date(entry))]
    return [sentence_case(entry["title"]), _joined(where, _date(entry))]


def _incollection(entry: Entry) -> list[str]:
    chapter = f"chapter {entry['chapter']}" if entry["chapter"] else ""
    where = _joined(_in_book(entry), _of_series(entry), chapter, _pages(entry))
    edition = f"{entry['edition'].lower()} edition" if entry["edition"] else ""
    return [sentence_case(entry["title"]), where, _joined(entry["publisher"], entry["address"], edition, _date(entry))]


def _book(entry: Entry) -> list[str]:
    edition = f"{entry['edition'].lower()} edition" if entry["edition"] else ""
    title = _joined(rf"\emph{{{entry['title']}}}", _of_series(entry))
    return [title, _joined(entry["publisher"] or entry["organization"], entry["address"], edition, _date(entry))]


def _thesis(entry: Entry) -> list[str]:
    kind = entry["type"] or ("PhD thesis" if entry.kind == "phdthesis" else "Master's thesis")
    if entry.kind == "phdthesis":
        return [rf"\emph{{{entry['title']}}}", _joined(kind, entry["school"], entry["address"], _date(entry))]
    return [sentence_case(entry["title"]), _joined(kind, entry["school"], entry["address"], _date(entry))]


def _techreport(entry: Entry) -> list[str]:
    kind = f"{entry['type'] or 'Technical Report'} {entry['number']}".strip()
    return [sentence_case(entry["title"]), _joined(kind, entry["institution"], entry["address"], _date(entry))]


def _unpublished(entry: Entry) -> list[str]:
    return [sentence_case(entry["title"]), _joined(entry["note"], _date(entry))]


def _misc(entry: Entry) -> list[str]:
    return [sentence_case(entry["title"]), _joined(entry["howpublished"], _date(entry))]


_KINDS = {
    "article": _article, "inproceedings": _inproceedings, "conference": _inproceedings,
    "incollection": _incollection, "inbook": _book, "book": _book, "proceedings": _book, "manual": _book,
    "phdthesis": _thesis, "mastersthesis": _thesis, "techreport": _techreport, "unpublished": _unpublished,
}  # fmt: skip
