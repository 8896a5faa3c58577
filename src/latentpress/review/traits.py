"""What of a report would be the same in a copy of it: its bytes, authors, results and sentences, as digests."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from itertools import islice
from typing import Any

from latentpress.reporting.attachments import TEXT
from latentpress.review.document import Document
from latentpress.review.submissions import shown

RUN, FEWEST_RUNS = 4, 6
"""Words of a run, and runs of a sentence that is compared: shorter ones are alike by chance."""
NOVEL = 0.6
"""Share of a sentence's runs that the handed-out report lacks; a page or a figure between its words breaks fewer."""
PROSE = 0.75
"""Share of words among what stands between spaces in a sentence."""
MOST_SENTENCES, MOST_RESULTS, MOST_AUTHORS = 4000, 2000, 40
"""Of one report; one that has more was not built, and is looked at no further."""
LONGEST_EXAMPLE, DIGITS = 240, 64
FEWEST_VALUES = 5
"""Measured values of a model, fewer of which may be equal by chance."""


@dataclass(frozen=True, slots=True)
class Result:
    """Something that a training has led to.

    Attributes:
        digest: equal where the result is equal, whatever it is called.
        settings: digest of all settings, seeds and data of the model's trainings.
        model: the experiment, as this report calls it.
        what: ``training``, ``measures`` or ``figure``.
    """

    digest: str
    settings: str
    model: str
    what: str


@dataclass(frozen=True, slots=True)
class Traits:
    """Of one report.

    Attributes:
        sha256: of the file.
        authors: normalised names and student numbers, to how they were typed.
        results: of models that were trained.
        sentences: digest to text of those that no code has computed and that the handed-out report lacks.
    """

    sha256: str = ""
    authors: Mapping[str, str] = field(default_factory=dict)
    results: tuple[Result, ...] = ()
    sentences: Mapping[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """For the way to another process."""
        return asdict(self)

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Traits:
        """What `as_json` has made."""
        results = tuple(Result(**entry) for entry in told["results"])
        return cls(told["sha256"], told["authors"], results, told["sentences"])


def traits_of(document: Document, known: Collection[str] | None = None) -> Traits:
    """The traits of a report.

    Args:
        document: the report; what is in it may be anything.
        known: runs of words of the handed-out report (`runs_of_words`); without them no sentences are told, since
            nothing shows which are somebody's own.

    Raises:
        KeyError, TypeError, ValueError, AttributeError: its content has another form than a build gives it.
    """
    report = document.report
    return Traits(
        document.sha256,
        dict(islice(_authors(report), MOST_AUTHORS)),
        tuple(sorted(islice(_results(report), MOST_RESULTS), key=lambda one: (one.model, one.what, one.digest))),
        {} if known is None else dict(islice(_sentences(document, known), MOST_SENTENCES)),
    )


def _authors(report: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for author in report["report"].get("authors", []):
        for key in ("name", "student_number"):
            typed = shown(str(author.get(key, ""))[:LONGEST_EXAMPLE])
            normal = re.sub(r"\s+", " ", unicodedata.normalize("NFKC", typed)).casefold()
            if normal:
                yield normal, typed


def _results(report: Mapping[str, Any]) -> Iterator[Result]:
    trainings: dict[str, list[Mapping[str, Any]]] = {}
    for entry in report["provenance"]:
        kind, _, rest = str(entry["stage"]).partition("/")
        if kind == "train" and _is_trained(entry):
            trainings.setdefault(rest.split("/")[0], []).append(entry)
    settings = {
        model: digest_of(sorted([str(e.get("seed")), str(e["settings_digest"]), e["inputs"]] for e in entries))
        for model, entries in trainings.items()
    }
    for model, entries in trainings.items():
        for entry in entries:
            yield Result(_digest(entry["artifact"]), settings[model], shown(model), "training")
    for model in settings:
        values = _measures(report["metrics"], model)
        if len(values) >= FEWEST_VALUES:
            yield Result(digest_of(values), settings[model], shown(model), "measures")
    drawn = {str(e["artifact"]): str(e["stage"]).split("/") for e in report["provenance"] if _is_drawing(e)}
    for figure in report["figures"]:
        stage = drawn.get(str(figure.get("artifact")), [])
        if len(stage) > 2 and stage[2] in settings and figure.get("content"):
            yield Result(_digest(figure["content"]), settings[stage[2]], shown(stage[2]), "figure")


def _is_trained(entry: Mapping[str, Any]) -> bool:
    """Whether its settings made a difference: an untrained encoder is the same whatever its rate would be."""
    training = entry["settings"].get("training", {})
    return int(training.get("epochs") or 0) > 0


def _digest(told: object) -> str:
    return str(told)[:DIGITS]


def _is_drawing(entry: Mapping[str, Any]) -> bool:
    return str(entry["stage"]).startswith("draw/")


def _measures(metrics: Iterable[Mapping[str, Any]], model: str) -> list[str]:
    """Measured values of a model, without its name; whole numbers (parameters, epochs) say nothing."""
    found = set()
    for metric in metrics:
        value = metric.get("value")
        if metric.get("model") == model and isinstance(value, float) and not value.is_integer():
            found.add(json.dumps([metric.get(key) for key in ("quantity", "split", "alpha", "conditions", "value")]))
    return sorted(found)


def _sentences(document: Document, known: Collection[str]) -> Iterator[tuple[str, str]]:
    report = document.report
    computed = [claim.get("sentence", "") for claim in report["claims"]]
    computed += [entry.get("caption", "") for entry in (*report["figures"], *report["tables"])]
    familiar = {*known, *(run for text in computed for run in runs(str(text)))}
    for sentence in re.split(r"(?<=[.!?])\s+", re.sub(r"\s+", " ", _text(document))):
        tokens = sentence.split()
        if sum(token.strip(".,;:()“”’'!?").isalpha() for token in tokens) < PROSE * len(tokens):
            continue  # a table, a formula, the labels of a figure
        found = runs(sentence)
        if len(found) >= FEWEST_RUNS and sum(run not in familiar for run in found) >= NOVEL * len(found):
            yield sentence_digest(sentence), shown(sentence, LONGEST_EXAMPLE)


def _text(document: Document) -> str:
    return " ".join(map(str, json.loads(document.files[TEXT]))) if TEXT in document.files else ""


def runs_of_words(document: Document) -> frozenset[str]:
    """All runs of words of a report, by which its sentences are known again wherever a page or a figure breaks them."""
    return frozenset(runs(_text(document)))


def runs(text: str) -> list[str]:
    """Each run of so many words that follow one another, numbers left out."""
    words = re.findall(r"[^\W\d_]{2,}", unicodedata.normalize("NFKC", text).casefold())
    return [" ".join(words[start : start + RUN]) for start in range(len(words) - RUN + 1)]


def sentence_digest(sentence: str) -> str:
    """Of a sentence's letters alone: another number, hyphen or ligature makes no other sentence."""
    return hashlib.sha256(_letters(sentence).encode()).hexdigest()[:16]


def _letters(text: str) -> str:
    return re.sub(r"[\W\d_]+", "", unicodedata.normalize("NFKC", text).casefold())


def digest_of(values: Any) -> str:
    """Digest of anything that JSON can hold."""
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
