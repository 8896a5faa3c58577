"""Health checks, claims, failures and figures of two reports side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from latentpress.metrics import from_json_number
from latentpress.review.compare_differences import Entry, Part, State
from latentpress.review.compare_metrics import number_text
from latentpress.review.document import Document
from latentpress.review.shown import short_digest

Record = Mapping[str, Any]


def union(a: Iterable[str], b: Iterable[str]) -> list[str]:
    """Keys of A in their order, then those of B alone."""
    return list(dict.fromkeys([*a, *b]))


def keyed(records: Sequence[Record], keys: Sequence[str]) -> dict[str, Record]:
    """Records by key; where two have one key, the second is ``key (2)``."""
    seen: Counter[str] = Counter()
    found: dict[str, Record] = {}
    for record, key in zip(records, keys, strict=True):
        seen[key] += 1
        found[key if seen[key] == 1 else f"{key} ({seen[key]})"] = record
    return found


def compare_health(a: Document, b: Document) -> Part:
    """Verdicts of the health checks."""
    sides = [keyed(document.report["health"], [*map(_check, document.report["health"])]) for document in (a, b)]
    entries = [_health_entry(key, sides[0].get(key), sides[1].get(key)) for key in union(*sides)]
    return Part("health", "Health checks", entries)


def _check(record: Record) -> str:
    of = "/".join(part for part in (record["data"], record["model"]) if part)
    seed = f", seed {record['seed']}" if record["seed"] is not None else ""
    return f"{record['name']}: {of}{seed}" if of or seed else str(record["name"])


def _health_entry(key: str, a: Record | None, b: Record | None) -> Entry:
    verdicts = [None if record is None else str(record["verdict"]) for record in (a, b)]
    changed = verdicts[0] != verdicts[1]
    note = f"value {_value(a)} → {_value(b)}" if changed and a is not None and b is not None else ""
    known = a if a is not None else b
    assert known is not None
    if changed and known["threshold"] is not None:
        note = f"{note}; threshold {number_text(from_json_number(known['threshold']), 4)}".removeprefix("; ")
    return Entry(key, verdicts[0], verdicts[1], "differs" if changed else "same", note)


def _value(record: Record) -> str:
    return number_text(from_json_number(record["value"]), 4)


def compare_claims(a: Document, b: Document) -> tuple[Part, Part]:
    """Outcomes of the claims, and the sentences of those whose outcome is the same."""
    sides = [keyed(document.report["claims"], _claim_ids(document)) for document in (a, b)]
    outcomes, sentences = [], []
    for key in union(*sides):
        claims = [side.get(key) for side in sides]
        told = [None if claim is None else f"{claim['outcome']}: {claim['sentence']}" for claim in claims]
        changed = None in claims or _outcome(claims[0]) != _outcome(claims[1])
        if changed:
            outcomes.append(Entry(key, told[0], told[1], "differs"))
            continue
        outcomes.append(Entry(key, _outcome(claims[0]), _outcome(claims[1]), state="same"))
        texts = [str(claim["sentence"]) for claim in claims if claim is not None]
        sentences.append(Entry(key, texts[0], texts[1], "same" if texts[0] == texts[1] else "told"))
    remark = "Sentences with another number or wording whose claim has the same outcome."
    return Part("claims", "Claims", outcomes), Part("sentences", "Sentences", sentences, remark)


def _claim_ids(document: Document) -> list[str]:
    return [str(claim["id"]) for claim in document.report["claims"]]


def _outcome(claim: Record | None) -> str | None:
    return None if claim is None else str(claim["outcome"])


def compare_failures(a: Document, b: Document) -> Part:
    """Stages that failed."""
    sides = [{str(one["stage"]): str(one["error"]) for one in document.report["failures"]} for document in (a, b)]
    return Part("failures", "Failed parts", [_pair(key, sides, "differs") for key in union(*sides)])


def _pair(key: str, sides: Sequence[Mapping[str, str]], state: State) -> Entry:
    a, b = (side.get(key) for side in sides)
    return Entry(key, a, b, state="same" if a == b else state)


def compare_figures(a: Document, b: Document) -> Part:
    """Figures by their file; what each draws by the digest of it."""
    sides = [
        keyed(document.report["figures"], [entry["file"] for entry in document.report["figures"]])
        for document in (a, b)
    ]
    entries = []
    for key in union(*sides):
        found = [side.get(key) for side in sides]
        captions = [None if figure is None else str(figure["caption"]) for figure in found]
        state: State = "differs"
        if found[0] is not None and found[1] is not None:
            state = "same" if found[0]["content"] == found[1]["content"] else "told"
        label = PurePosixPath(key).name
        entries.append(Entry(key, captions[0], captions[1], state, _NOTES.get(state, ""), label=label))
    remark = "A figure that draws something else does not count by itself: the numbers behind it do."
    return Part("figures", "Figures", entries, remark)


def compare_files(a: Document, b: Document) -> Part:
    """Files that are delivered beside the PDF, by the digests that the reports tell."""
    sides = [{str(entry["file"]): entry for entry in document.report["files"]} for document in (a, b)]
    entries = []
    for key in union(*sides):
        found = [side.get(key) for side in sides]
        told = [
            None if entry is None else f"{entry['bytes']:,} bytes, {short_digest(entry['sha256'])}" for entry in found
        ]
        state: State = "differs"
        if found[0] is not None and found[1] is not None:
            state = "same" if found[0]["sha256"] == found[1]["sha256"] else "told"
        entries.append(Entry(key, told[0], told[1], state, _FILE_NOTES.get(state, "")))
    remark = "A file that holds something else does not count by itself: the numbers measured of it do."
    return Part("files", "Files beside the PDF", entries, remark)


_FILE_NOTES: Mapping[State, str] = {"told": "holds something else", "differs": "in one report only"}
_NOTES: Mapping[State, str] = {"told": "draws something else", "differs": "in one report only"}
