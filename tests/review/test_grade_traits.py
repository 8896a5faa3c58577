"""What would be the same in a copy, whatever names it was given; and nothing that is the same in any two reports."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentpress.reporting.attachments import TEXT
from latentpress.review.document import Document
from latentpress.review.traits import Traits, runs, sentence_digest, traits_of

OWN = "We found that the penalty has to be raised slowly, since the encoder otherwise learns nothing at all in it."
COMPUTED = (
    "The contraction ratio is lower for the contractive autoencoder than for the plain autoencoder by 1.7 or more."
)


def report(model: str = "sparse", epochs: int = 3, settings: str = "d1", artifact: str = "a1") -> dict[str, Any]:
    values = [0.5, 0.25, 0.125, 0.75, 0.875, 0.1]
    return {
        "report": {"authors": [{"name": " Ada  LOVELACE ", "student_number": "1815"}, {"name": ""}]},
        "claims": [{"sentence": COMPUTED}],
        "tables": [],
        "figures": [
            {"artifact": "f1", "content": "picture"},
            {"artifact": "f2", "content": "of no model", "caption": "x"},
        ],
        "metrics": [
            *({"id": f"{model}/{i}", "model": model, "quantity": f"q{i}", "value": v} for i, v in enumerate(values)),
            {"id": "epochs", "model": model, "quantity": "epochs", "value": 3.0},
            {"id": "pca", "model": "pca_64", "quantity": "q", "value": 0.1},
        ],
        "provenance": [
            {
                "stage": f"train/{model}/seed0",
                "seed": 0,
                "artifact": artifact,
                "settings_digest": settings,
                "settings": {"training": {"epochs": epochs}},
                "inputs": {"data": "d"},
            },
            {"stage": f"draw/interpolation/{model}", "artifact": "f1"},
            {"stage": "draw/dataset_summary/mnist", "artifact": "f2"},
        ],
    }


def traits(content: dict[str, Any], pages: Any = (), known: frozenset[str] = frozenset()) -> Traits:
    return traits_of(Document(Path("x.pdf"), "sha", content, {TEXT: json.dumps(pages).encode()}, b""), known)


def test_a_model_of_another_name_has_the_same_results() -> None:
    one, other = traits(report("sparse")), traits(report("mine"))
    assert [(r.what, r.digest, r.settings) for r in one.results] == [
        (r.what, r.digest, r.settings) for r in other.results
    ]
    assert [result.what for result in one.results] == ["figure", "measures", "training"]


def test_settings_and_data_make_the_settings_another_digest() -> None:
    other = report()
    other["provenance"][0]["inputs"] = {"data": "other"}
    digests = {traits(content).results[0].settings for content in (report(), report(settings="d2"), other)}
    assert len(digests) == 3


def test_what_was_never_trained_has_no_results_of_its_own() -> None:
    assert traits(report(epochs=0)).results == ()


def test_authors_are_compared_as_people_read_them() -> None:
    assert traits(report()).authors == {"ada lovelace": "Ada LOVELACE", "1815": "1815"}


def test_what_is_told_of_a_report_is_one_line_that_no_terminal_obeys() -> None:
    content = report(model="evil\x1b[2J\n")
    content["report"]["authors"] = [{"name": "Ada\x1b[31m\n\u202e" * 999}]
    found = traits(content, [OWN.replace("penalty", "\x1b[2J")])
    told = [*found.authors.values(), *found.sentences.values(), *(result.model for result in found.results)]
    assert len(told) > 4
    assert all(text.isprintable() and len(text) <= 240 for text in told)


def test_sentences_are_told_unless_code_computed_them_or_the_template_has_them() -> None:
    pages = [f"{COMPUTED} Short. {OWN[:40]}", f"{OWN[40:]} {OWN}"]
    assert list(traits(report(), pages).sentences.values()) == [OWN]
    assert traits(report(), pages, frozenset(runs(OWN))).sentences == {}


def test_a_page_that_breaks_a_sentence_of_the_template_makes_it_nobodys_own() -> None:
    """Whoever changes the layout in the same way would else share all sentences that another page breaks."""
    broken = OWN.replace("slowly,", "slowly, 7 Autoencoders of Digits and of Faces Profile smoke, no results")
    assert traits(report(), [broken], frozenset(runs(OWN))).sentences == {}


def test_tables_and_formulas_are_no_sentences() -> None:
    row = (
        "Model Epochs Batch Plain 2 64 0.002 Sparse 2 64 0.002 Contractive 3 64 0.002 Variational 3 128 0.004 nats 1 2."
    )
    assert traits(report(), [row]).sentences == {}


def test_without_a_handed_out_report_no_sentence_is_told() -> None:
    document = Document(Path("x.pdf"), "sha", report(), {TEXT: json.dumps([OWN]).encode()}, b"")
    assert traits_of(document).sentences == {}


def test_a_sentence_is_told_by_its_letters_alone() -> None:
    changed = OWN.replace("penalty", "pen-\nalty").replace("all", "all 12")
    assert sentence_digest(changed) == sentence_digest(OWN)
    assert sentence_digest(OWN) != sentence_digest(OWN.replace("penalty", "weight"))


def test_traits_survive_the_way_to_another_process() -> None:
    found = traits(report(), [OWN])
    assert Traits.from_json(json.loads(json.dumps(found.as_json()))) == found


ANYTHING = st.none() | st.integers() | st.text(max_size=3) | st.lists(st.none() | st.integers(), max_size=2)


@given(key=st.sampled_from(sorted(report())), value=ANYTHING, pages=ANYTHING)
def test_content_of_another_form_raises_what_the_caller_awaits(key: str, value: Any, pages: Any) -> None:
    content = copy.deepcopy(report())
    content[key] = value
    try:
        traits(content, pages)
    except (KeyError, TypeError, ValueError, AttributeError):
        return


def test_fewer_values_than_chance_may_give_are_no_measures() -> None:
    content = report()
    content["metrics"] = content["metrics"][:3]
    assert [result.what for result in traits(content).results] == ["figure", "training"]


@pytest.mark.parametrize("value", [0.5000001, None, "inf"])
def test_another_value_is_another_measure(value: Any) -> None:
    content = report()
    content["metrics"][0]["value"] = value
    assert traits(content).results[1].digest != traits(report()).results[1].digest
