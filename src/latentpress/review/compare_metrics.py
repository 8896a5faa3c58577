"""Metrics of two reports side by side, by id."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from latentpress.metrics import from_json_number, json_number
from latentpress.review.compare_differences import NumberEntry, Part, State
from latentpress.review.compare_lineage import Lineage
from latentpress.review.compare_tolerances import SAME_BITS, Tolerance, tolerance_of, within
from latentpress.review.document import Document

DIGITS = 4
"""Significant digits of a value, where they tell the two apart; else as many as do."""
LONGEST = 1e9
"""Whole numbers below it are written in full."""
_NAMES = ("value", "low", "high")
Record = Mapping[str, Any]


def compare_metrics(a: Document, b: Document) -> Part:
    """All metrics of both; those of single seeds only where both reports have several."""
    records_a, records_b = _by_id(a), _by_id(b)
    lineage = Lineage(a, b)
    ids = [*records_a, *(identifier for identifier in records_b if identifier not in records_a)]
    single = {identifier for identifier in ids if _alone(identifier, records_a, records_b)}
    whole = _subjects(records_a) ^ _subjects(records_b)
    entries = [_whole(subject, records_a, records_b) for subject in sorted(whole)]
    entries += [
        _entry(records_a.get(one), records_b.get(one), lineage)
        for one in ids
        if one not in single and _subject(records_a.get(one) or records_b[one]) not in whole
    ]
    left_out = ""
    if single:
        left_out = (
            f"{len(single):,} values of single seeds stand in one of the reports alone, which has more seeds; the "
            "means over its seeds are compared."
        )
    groups: dict[str, list[NumberEntry]] = {}
    for entry in entries:  # those of one model and split stand together, wherever they were measured
        groups.setdefault(entry.group, []).append(entry)
    return Part("metrics", "Metrics", [entry for members in groups.values() for entry in members], left_out=left_out)


def _by_id(document: Document) -> dict[str, Record]:
    found: dict[str, Record] = {}
    for record in document.report["metrics"]:
        found.setdefault(record["id"], record)
    return found


def _subject(record: Record) -> tuple[str, str]:
    return str(record["data"]), str(record["model"])


def _subjects(records: Mapping[str, Record]) -> set[tuple[str, str]]:
    return {_subject(record) for record in records.values()}


def _whole(subject: tuple[str, str], a: Mapping[str, Record], b: Mapping[str, Record]) -> NumberEntry:
    """One entry for a model that one report alone has measured."""
    counts = [sum(_subject(record) == subject for record in records.values()) for records in (a, b)]
    texts = [f"{count:,} metrics" if count else None for count in counts]
    name = "/".join(part for part in subject if part)
    note = "only in A" if counts[0] else "only in B"
    return NumberEntry(name or "no model", texts[0], texts[1], "differs", note, label=name)


def of_one_seed(record: Record) -> bool:
    """Whether a record is that of one seed, listed beside the mean over several."""
    return str(record["id"]).endswith(f"/seed={record['seed']}")


def _alone(identifier: str, records_a: Mapping[str, Record], records_b: Mapping[str, Record]) -> bool:
    """Whether it is a value of a single seed that one report has beside a mean that both have."""
    found = [records.get(identifier) for records in (records_a, records_b)]
    (record,) = [one for one in found if one is not None][:1]
    if None not in found or not of_one_seed(record):
        return False
    mean = identifier.rpartition("/")[0]
    return mean in records_a and mean in records_b


def _entry(a: Record | None, b: Record | None, lineage: Lineage) -> NumberEntry:
    known = a if a is not None else b
    assert known is not None
    group, label = _place(known)
    if a is None or b is None:
        return NumberEntry(
            key=known["id"], a=None if a is None else _text(a), b=None if b is None else _text(b), state="differs",
            note="only in B" if a is None else "only in A", group=group, label=label,
            numbers=(_numbers(a), _numbers(b)),
        )  # fmt: skip
    tolerance = _tolerance(a, b, lineage)
    value_a, value_b = (from_json_number(record["value"]) for record in (a, b))
    state: State = "differs"
    if value_a == value_b and _numbers(a) == _numbers(b):
        state = "same"
    elif within(value_a, value_b, tolerance) and (tolerance is not SAME_BITS or _numbers(a) == _numbers(b)):
        state = "within"
    inside = _inside(a, b)
    text_a, text_b = _told_apart(value_a, value_b)
    return NumberEntry(
        key=known["id"], a=text_a, b=text_b, state=state, note=_note(a, b, inside, state, tolerance), group=group,
        label=label, numbers=(_numbers(a), _numbers(b)), difference=_difference(value_a, value_b),
        tolerance=tolerance.words(), reason=tolerance.reason, inside=inside,
    )  # fmt: skip


def _tolerance(a: Record, b: Record, lineage: Lineage) -> Tolerance:
    if a["seeds"] == b["seeds"] and lineage.promises_equal_bits(a["artifact"], b["artifact"]):
        return SAME_BITS
    return tolerance_of(a["quantity"])


def _numbers(record: Record | None) -> dict[str, Any] | None:
    return None if record is None else {name: record[name] for name in _NAMES}


def _place(record: Record) -> tuple[str, str]:
    """Data, model and split as the heading, and what is left of the id."""
    parts = [record[name] for name in ("data", "model", "split") if record[name]]
    heading = "/".join(parts)
    identifier = str(record["id"])
    if heading and identifier.startswith(f"{heading}/"):
        return heading, identifier[len(heading) + 1 :]
    return "", identifier


def _inside(a: Record, b: Record) -> bool | None:
    """Whether each value lies within the other's interval."""
    numbers = [[from_json_number(record[name]) for name in _NAMES] for record in (a, b)]
    if any(number is None for row in numbers for number in row):
        return None
    (value_a, low_a, high_a), (value_b, low_b, high_b) = numbers
    return bool(low_a <= value_b <= high_a and low_b <= value_a <= high_b)  # type: ignore[operator]  # none is None


def _note(a: Record, b: Record, inside: bool | None, state: State, tolerance: Tolerance) -> str:
    if state == "same":
        return ""
    if tolerance is SAME_BITS:
        return "given the same, and came out otherwise" + (" (its interval)" if a["value"] == b["value"] else "")
    parts = [] if inside is None else ["inside both intervals" if inside else "outside an interval"]
    if a["seeds"] != b["seeds"]:
        parts.append(f"seeds {_seeds(a['seeds'])} and {_seeds(b['seeds'])}")
    return "; ".join(parts)


def _seeds(seeds: Sequence[int]) -> str:
    return ", ".join(map(str, seeds)) or "none"


def _text(record: Record) -> str:
    return number_text(from_json_number(record["value"]), DIGITS)


def number_text(value: float | None, digits: int) -> str:
    """A number with as many significant digits; whole numbers in full."""
    if value is None:
        return "missing"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if float(value).is_integer() and abs(value) < LONGEST:
        return _signed(f"{int(value):,}")
    text = f"{value:#.{digits}g}"
    return _signed(text.replace("e-0", "e-").replace("e+0", "e") if "e" in text else text.rstrip("."))


def _signed(text: str) -> str:
    return text.replace("-", "−", 1) if text.startswith("-") else text


def _told_apart(a: float | None, b: float | None) -> tuple[str, str]:
    """Both numbers, with as many digits as tell them apart."""
    for digits in range(DIGITS, 18):
        texts = number_text(a, digits), number_text(b, digits)
        if a == b or texts[0] != texts[1]:
            return texts
    return texts


def _difference(a: float | None, b: float | None) -> str:
    if a is None or b is None or math.isinf(a) or math.isinf(b) or a == b:
        return ""
    text = number_text(b - a, 2)
    return text if text.startswith("−") else f"+{text}"


def known_numbers(document: Document) -> set[float]:
    """Every value and end of an interval that stands among the metrics of a report."""
    found = (from_json_number(record[name]) for record in document.report["metrics"] for name in _NAMES)
    values = {number for number in found if number is not None and json_number(number) is not None}
    return values | {-number for number in values}
