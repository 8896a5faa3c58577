"""The maps of a report's codes become one page that is safe to open and says what is missing."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from latentpress.engine.stage import Failure, Result, Task
from latentpress.errors import StageError
from latentpress.pipeline import web_files
from latentpress.reporting.web import tsne

COMMON = Path(__file__).parents[3] / "report_templates" / "common"
LABEL = "evaluate/embedding_3d/{}/seed0"
BODY = r"""\section{Results}
It is << num("mnist/sparse/test/trustworthiness/components=3") >>.
"""
HOSTILE = '</script><script>alert(1)</script> "quoted" <img src=x onerror=alert(2)>'


def map_of(positions: list[int], trust: float | None = None, model: str = "sparse", workshop: Any = None) -> Result:
    points = np.arange(3 * len(positions), dtype=np.float32).reshape(-1, 3) ** 2
    labels = np.arange(len(positions)) % 2
    result = Result() if trust is None else workshop.evaluation(
        workshop.metric("trustworthiness", trust, model, conditions={"components": 3})
    )  # fmt: skip
    result.arrays["map"] = {"points": points, "labels": labels, "positions": np.array(positions)}
    result.values["map_classes"] = ["zero", "one"]
    return result


def page(
    workshop: Any, maps: dict[str, Any], data: dict[str, str] | None = None, source: str = "real", **report: Any
) -> str:
    """The page of some models' maps, each a result or a failure; 0.9876 is the trustworthiness of the first."""
    facts = workshop.facts(source)
    measured = map_of([4, 2, 0], 0.9876, workshop=workshop)
    section = workshop.section(BODY, {LABEL.format("sparse"): measured, "data/mnist": facts}, report=report)
    report_made = workshop.assembled({"q1c": section}, **report)
    images = Result(arrays={"images": {"test": np.zeros((5, 6, 4, 1), dtype=np.uint8)}})
    of = {model: (data or {}).get(model, "mnist") for model in maps}
    inputs = {"assemble/assignment": workshop.store(report_made)}
    inputs |= {f"data/{name}": workshop.store(images) for name in set(of.values())}
    inputs |= {LABEL.format(m): workshop.store(r) for m, r in maps.items() if isinstance(r, Result)}
    failures = {LABEL.format(m): f for m, f in maps.items() if isinstance(f, Failure)}
    extras = [
        {"evaluation": "embedding_3d", "label": LABEL.format(model), "model": model, "data": of[model]}
        for model in maps
    ]
    files = web_files(COMMON / "web")
    made = tsne.publish(
        Task("tsne/assignment", {"interactive": extras}, inputs, files, workshop.root, failures=failures)
    )
    assert list(made.texts) == ["tsne.html"]
    return made.texts["tsne.html"]


def data_of(found: str) -> Any:
    return json.loads(re.findall(r'id="data-embedding_3d">(.*?)</script>', found)[0])


def test_it_has_the_maps_their_quality_as_the_report_has_it_and_the_way_to_the_report(workshop: Any) -> None:
    found = page(workshop, {"sparse": map_of([4, 2, 0]), "contractive": map_of([4, 2, 0])})
    data = data_of(found)
    assert [(model["id"], model["name"], model["of"]) for model in data["models"]] == [
        ("sparse", "Sparse autoencoder", 0),
        ("contractive", "Contractive autoencoder", 0),
    ]
    assert data["alone"] is True
    assert [shown["positions"] for shown in data["sets"]] == [[4, 2, 0]]
    assert 'data-metric="mnist/sparse/test/trustworthiness/components=3">0.988</span>' in found
    assert '<a href="report.html">' in found
    assert "<h1>Autoencoders</h1>" in found
    provenance = json.loads(re.findall(r'id="data-provenance">(.*?)</script>', found)[0])
    assert provenance["page"] == "report.html"
    assert provenance["metrics"]["mnist/sparse/test/trustworthiness/components=3"][0] == 0.9876


def test_models_of_another_data_set_bring_images_of_their_own(workshop: Any) -> None:
    maps = {"sparse": map_of([4, 2, 0]), "contractive": map_of([1, 3]), "vae": map_of([1, 3])}
    data = data_of(page(workshop, maps, {"contractive": "colored", "vae": "colored"}))
    assert [model["of"] for model in data["models"]] == [0, 1, 1]
    assert [shown["positions"] for shown in data["sets"]] == [[4, 2, 0], [1, 3]]


def test_a_map_that_failed_is_told_and_the_others_are_shown(workshop: Any) -> None:
    lost = Failure(LABEL.format("contractive"), "no space left", "")
    found = page(workshop, {"sparse": map_of([4, 2, 0]), "contractive": lost})
    assert [model["id"] for model in data_of(found)["models"]] == ["sparse"]
    assert "Missing here, since it failed: Contractive autoencoder." in found


def test_where_all_maps_failed_the_page_says_so_and_is_light(workshop: Any) -> None:
    found = page(workshop, {"sparse": Failure(LABEL.format("sparse"), "no space left", "")})
    assert "Missing here, since it failed: Sparse autoencoder." in found
    assert 'id="library-plotly"' not in found
    assert len(found) < 100_000


def test_it_warns_of_embedded_data_as_the_report_does(workshop: Any) -> None:
    warning = "embedded data in the place of the original"
    assert warning in page(workshop, {"sparse": map_of([4, 2, 0])}, source="embedded")
    assert warning not in page(workshop, {"sparse": map_of([4, 2, 0])})


def test_equal_maps_are_equal_bytes_and_nothing_may_be_fetched(workshop: Any) -> None:
    first, second = (page(workshop, {"sparse": map_of([4, 2, 0])}) for _ in range(2))
    assert first == second
    assert str(workshop.root) not in first
    policy = html.unescape(re.findall(r'Content-Security-Policy" content="([^"]*)"', first)[0])
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert "unsafe-eval" not in policy
    outside = re.sub(r"<script.*?</script>", "", first, flags=re.DOTALL)
    assert set(re.findall(r'(?:src|href)="(?!data:|#)([^"]*)', outside)) == {"report.html"}


def test_hostile_words_stay_words(workshop: Any) -> None:
    authors = [{"name": HOSTILE, "student_number": "1", "contribution": ""}]
    found = page(workshop, {"sparse": map_of([4, 2, 0])}, title=HOSTILE, subtitle=HOSTILE, authors=authors)
    assert "<script>alert" not in found
    assert "<img src=x" not in found
    assert found.count("</script>") == found.count("<script")


def test_a_missing_template_is_told(workshop: Any) -> None:
    with pytest.raises(StageError, match=r"page\.html\.j2"):
        tsne.publish(Task("tsne/assignment", {}, {}, {}, workshop.root))
