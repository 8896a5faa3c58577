"""An assembled report becomes one page that is safe to open, and the same each time."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from markupsafe import Markup

from latentpress.engine.stage import Failure, Result, Task
from latentpress.errors import StageError
from latentpress.pipeline import web_files
from latentpress.reporting.web import images, page, publish
from latentpress.reporting.web.provenance import Origins

COMMON = Path(__file__).parents[3] / "report_templates" / "common"
HOSTILE = '</script><script>alert(1)</script> "quoted" <img src=x onerror=alert(2)> ]]> --> {{ 7 * 7 }} 小明'

BODY = r"""\section{Results of << report.title >>}
\label{sec:results}
The probe reaches << num("mnist/sparse/test/probe_accuracy", interval=True, percent=True) >>, see Figure~\ref{fig:c}.
<< claim("threshold", a="mnist/sparse/test/probe_accuracy", limit=0.9, side="above", what="the accuracy") >>
<< figure("classification", "sparse", "confusion_probe", "What is taken for what.", "fig:c") >>
<< contributions_table("tab:who", "Who did what.") >>
"""


def assembled(workshop: Any, **report: Any) -> Any:
    evaluation = workshop.evaluation(workshop.accuracy("sparse", 0.98, 0.0026), figures=workshop.confusion())
    inputs = {
        "evaluate/classification/sparse/seed0": evaluation,
        "draw/classification/sparse": workshop.drawn(evaluation),
        "data/mnist": workshop.facts(),
    }
    return workshop.assembled({"q1c": workshop.section(BODY, inputs, report=report)}, **report)


def task(workshop: Any, report: Any, extras: Any = (), inputs: Any = None, failures: Any = None) -> Task:
    found = {"assemble/assignment": workshop.store(report), **(inputs or {})}
    settings = {"interactive": list(extras)}
    return Task("html/assignment", settings, found, web_files(COMMON / "web"), workshop.root, failures=failures or {})


def published(workshop: Any, *arguments: Any, **fields: Any) -> str:
    return publish.publish(task(workshop, *arguments, **fields)).texts["report.html"]


def test_the_page_has_the_report_and_nothing_unknown(workshop: Any) -> None:
    report = assembled(workshop)
    result = publish.publish(task(workshop, report))
    found = result.texts["report.html"]
    assert result.values["unknown"] == []
    assert "98.00\u202f%" in found
    assert 'Figure<span class="tie"> </span><a class="ref" href="#fig-c">1</a>' in found
    assert '<img src="data:image/png;base64,' in found
    assert 'alt="Figure 1: What is taken for what."' in found
    claim = report.values["report"]["claims"][0]["sentence"]
    assert claim in re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", "", found)).replace("\u202f", " "))


def test_equal_reports_are_equal_bytes_without_a_date_or_a_path(workshop: Any) -> None:
    first, second = (published(workshop, assembled(workshop)) for _ in range(2))
    assert first == second
    assert str(workshop.root) not in first


def test_hostile_words_stay_words(workshop: Any) -> None:
    authors = [{"name": HOSTILE, "student_number": HOSTILE, "contribution": HOSTILE}]
    found = published(workshop, assembled(workshop, title=HOSTILE, subtitle=HOSTILE, authors=authors))
    assert "<script>alert" not in found
    assert "<img src=x" not in found
    assert "49" not in re.sub(r"base64,[^\"]*", "", found).partition("<main")[2].partition("</h1>")[0]
    assert found.count("</script>") == found.count("<script")
    assert html.escape(HOSTILE, quote=False).split(" ")[0] in found


def test_only_the_page_s_own_scripts_may_run(workshop: Any) -> None:
    found = published(workshop, assembled(workshop))
    policy = html.unescape(re.findall(r'Content-Security-Policy" content="([^"]*)"', found)[0])
    assert "default-src 'none'" in policy
    assert "img-src data:;" in policy
    assert "unsafe-eval" not in policy
    script = re.findall(r"<script>(.*?)</script>", found, re.DOTALL)[0]
    assert base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() in policy
    assert not re.findall(r'(?:src|href)="(?!data:|#|https?:)', found)


def test_json_cannot_end_its_script_element() -> None:
    found = page.embedded({"words": "</script><!--<script>\u2028&"})
    assert not set("<>&\u2028") & set(found)
    assert json.loads(found) == {"words": "</script><!--<script>\u2028&"}


def test_a_report_that_was_not_assembled_cannot_be_published(workshop: Any) -> None:
    failures = {"assemble/assignment": Failure("assemble/assignment", "no space left", "")}
    empty = Task("html/assignment", {}, {}, web_files(COMMON / "web"), workshop.root, failures=failures)
    with pytest.raises(StageError, match="no space left"):
        publish.publish(empty)


def test_a_missing_template_is_told(workshop: Any) -> None:
    with pytest.raises(StageError, match=r"page\.html\.j2"):
        publish.publish(Task("html/assignment", {}, {}, {}, workshop.root))


def interpolation(workshop: Any) -> Any:
    import pandas as pd

    slides = {
        "alphas": np.array([0.0, 0.5, 1.0]),
        "images": np.arange(2 * 2 * 3 * 6 * 4, dtype=np.uint8).reshape(2, 2, 3, 6, 4, 1),
        "psnr": np.array([[np.inf, 20.04, np.inf], [np.inf, 30.0, np.inf]]),
    }
    pairs = pd.DataFrame({"pair": [0, 1, 2], "digit_a": ["1", "2", "3"], "digit_b": ["4", "5", "6"]})
    return workshop.store(Result(arrays={"slides": slides}, tables={"pairs": pairs}))


def test_interactive_parts_are_made_of_what_is_there_and_say_what_is_missing(workshop: Any) -> None:
    label = "evaluate/interpolation/{}/seed0"
    extras = [
        {"evaluation": "interpolation", "label": label.format(model), "model": model, "data": "mnist"}
        for model in ("sparse", "contractive")
    ]
    lost = label.format("contractive")
    found = published(
        workshop,
        assembled(workshop),
        extras,
        {label.format("sparse"): interpolation(workshop)},
        {lost: Failure(lost, "no space left", "")},
    )
    data = json.loads(re.findall(r'id="data-interpolation">(.*?)</script>', found)[0])
    assert data["alphas"] == [0.0, 0.5, 1.0]
    assert data["pairs"] == ["Pair 0: from 1 to 4", "Pair 1: from 2 to 5"]
    assert [model["name"] for model in data["models"]] == ["Sparse autoencoder"]
    assert data["models"][0]["psnr"] == [["inf", 20.04, "inf"], ["inf", 30.0, "inf"]]
    assert "Missing here, since it failed: Contractive autoencoder." in found
    assert 'id="library-plotly"' not in found


def test_a_map_brings_its_library_and_the_images_of_its_codes(workshop: Any) -> None:
    points = np.array([[0, 0, 0], [1, 2, 3], [-1, -2, -3]], dtype=np.float32)
    made = Result(
        arrays={"map": {"points": points, "labels": np.array([0, 1, 1]), "positions": np.array([4, 2, 0])}},
        values={"map_classes": ["</script>", "one"]},
    )
    label = "evaluate/embedding_3d/sparse/seed0"
    data_set = Result(arrays={"images": {"test": np.zeros((5, 6, 4, 1), dtype=np.uint8)}})
    extra = {"evaluation": "embedding_3d", "label": label, "model": "sparse", "data": "mnist"}
    inputs = {label: workshop.store(made), "data/mnist": workshop.store(data_set)}
    found = published(workshop, assembled(workshop), [extra], inputs)
    data = json.loads(re.findall(r'id="data-embedding_3d">(.*?)</script>', found)[0])
    (shown,) = data["sets"]
    assert data["models"][0]["points"] == [[0, 333, -333], [0, 667, -667], [0, 1000, -1000]]
    assert shown["classes"] == ["</script>", "one"]
    assert shown["size"] == [6, 4]
    assert "alone" not in data, "the address is the report's own"
    library = re.findall(r'id="library-plotly">(.*?)</script>', found, re.DOTALL)[0]
    assert "Licensed under the MIT license" in library[:400]
    assert images.source_hash(library) in html.unescape(found[:5000])


@pytest.mark.parametrize("shape", [(7, 5, 3), (7, 5, 3, 1), (7, 5, 4, 3)], ids=["grey", "one channel", "colour"])
def test_sheets_of_images_keep_every_pixel(shape: tuple[int, ...]) -> None:
    import io

    from PIL import Image

    drawn = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    width = shape[2]
    png, columns = images.sheet(drawn, columns=3)
    laid = np.asarray(Image.open(io.BytesIO(png)))
    assert columns == 3
    for index, image in enumerate(drawn):
        row, column = divmod(index, 3)
        there = laid[row * 5 : row * 5 + 5, column * width : (column + 1) * width]
        assert np.array_equal(there, image[..., 0] if shape[3:] == (1,) else image)


FACTS = {
    "metrics": [
        {"id": "a/b", "value": 0.98, "low": 0.9, "high": "inf", "unit": "", "seed": 0, "artifact": "e1"},
        {"id": "a/c", "value": None, "low": None, "high": None, "unit": "dB", "seed": None, "artifact": "none"},
    ],
    "provenance": [
        {"stage": "data/mnist", "artifact": "d1", "inputs": {}, "source": "s", "settings": {}, "mark": 1},
        {"stage": "encode/x", "artifact": "c1", "inputs": {"data": "d1"}, "source": "s", "settings": {}, "mark": 2},
        {"stage": "evaluate/x", "artifact": "e1", "inputs": {"codes": "c1"}, "source": "s", "seed": 3, "mark": 3,
         "settings": {"k": 1}},
    ],
}  # fmt: skip


@pytest.mark.parametrize("marks", [True, False])
def test_a_number_leads_to_its_stage_and_to_the_data_above_it(marks: bool) -> None:
    """By the row that the TeX names; by the artifact of its metric where it names none."""
    entries = [{key: value for key, value in entry.items() if marks or key != "mark"} for entry in FACTS["provenance"]]
    origins = Origins({**FACTS, "provenance": entries})
    shown = origins.traced("3" if marks else "", "a/b", Markup("98 %"))
    assert 'data-metric="a/b"' in shown
    data = origins.data()
    assert data["metrics"]["a/b"] == [0.98, 0.9, "inf", "", 0, 2]
    told = data["stages"]["2"]
    assert told["mark"] == "3"
    assert told["seed"] == 3
    assert told["settings"] == {"k": 1}
    assert told["data"] == {"data/mnist": "d1"}
    assert origins.row_id("evaluate/x") == "provenance-3"
    assert origins.row_id("evaluate/x") == ""


def test_marks_of_captions_are_links_to_their_rows() -> None:
    found = Origins(FACTS).marked(["1", "3"])
    assert re.findall(r'href="(#[^"]*)"', found) == ["#provenance-1", "#provenance-3"]
