"""A report holds its sections in order, says what is wrong with itself, and leads every number to its origin."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from latentpress.engine import codec
from latentpress.errors import TemplateError
from latentpress.reporting import sections

EVALUATION = "evaluate/classification/sparse/seed0"


def section(workshop: Any, text: str, source: str = "real", **settings: Any) -> Any:
    inputs = {
        EVALUATION: workshop.evaluation(workshop.accuracy("sparse", 0.98)),
        "data/mnist": workshop.facts(source=source),
    }
    return workshop.section(text, inputs, **settings)


def test_sections_stand_in_their_order_and_appendices_behind(workshop: Any) -> None:
    done = {name: section(workshop, f"\\section{{{name}}}") for name in ("last", "first", "second")}
    tex = workshop.assembled(done, appendices=("last",)).texts["report.tex"]
    places = [
        tex.index(word) for word in ("{first}", "{second}", "\\appendix", "{last}", "{Health checks}", "{Provenance}")
    ]
    assert places == sorted(places)


def test_report_json_has_what_the_contract_names(workshop: Any) -> None:
    text = '<< num("mnist/sparse/test/probe_accuracy") >> << contributions_table("tab:c", "Who.") >>'
    report = workshop.assembled({"q1c": section(workshop, text)}).values["report"]
    assert {"metrics", "claims", "health", "figures", "tables", "settings", "provenance"} <= report.keys()
    (metric,) = [entry for entry in report["metrics"] if entry["id"] == "mnist/sparse/test/probe_accuracy"]
    fields = "id section model data split quantity alpha conditions seed value low high unit artifact"
    fields += " evaluation subject seeds"
    assert set(metric) == set(fields.split())
    assert report["tables"][0].keys() == {"file", "caption", "artifact", "cells"}
    assert {"name", "value", "threshold", "verdict"} <= report["health"][0].keys()
    assert {entry["stage"] for entry in report["provenance"]} >= {"train/sparse/seed0"}
    assert json.loads(codec.encode_json("report", report))


def test_a_metric_of_two_sections_is_listed_once(workshop: Any) -> None:
    done = {name: section(workshop, "", section={"id": name, "title": name}) for name in ("q1a", "q1c")}
    metrics = workshop.assembled(done).values["report"]["metrics"]
    assert [(entry["section"], entry["quantity"]) for entry in metrics] == [("q1a", "probe_accuracy")]


def test_failed_health_checks_stand_on_page_one_and_all_in_the_appendix(workshop: Any) -> None:
    metrics = [workshop.metric("active_units", 0.0), workshop.metric("kl_difference", 0.0)]
    done = {"q2": workshop.section("", {EVALUATION: workshop.evaluation(*metrics), "data/mnist": workshop.facts()})}
    result = workshop.assembled(done)
    tex = result.texts["report.tex"]
    front, appendix = tex.split("\\tableofcontents")
    verdicts = {check["name"]: check["verdict"] for check in result.values["report"]["health"]}
    assert verdicts["code is used"] == "failed" and "code is used" in front
    assert verdicts["divergence matches its closed form"] == "passed"
    assert "divergence matches" not in front and "divergence matches" in appendix


def test_healthy_reports_have_no_box(workshop: Any) -> None:
    tex = workshop.assembled({"q1c": section(workshop, "x")}).texts["report.tex"]
    assert "\\begin{warningbox}" not in tex.split("\\tableofcontents")[0]


def test_embedded_data_are_told_on_page_one_and_in_the_running_head(workshop: Any) -> None:
    tex = workshop.assembled({"q1c": section(workshop, "x", source="embedded")}).texts["report.tex"]
    front = tex.split("\\tableofcontents")[0]
    assert "In its place stands the embedded data" in front
    assert re.search(r"\\reportrunning\{Autoencoders\}\{Embedded data: scikit-learn", front)


def test_a_failed_section_is_shown_as_failed(workshop: Any) -> None:
    label = "section/assignment/q2"
    failure = workshop.failure(label, "TemplateError: q2.tex.j2, line 3: 'x' is undefined")
    result = workshop.assembled({"q1c": section(workshop, "Here.")}, {label: failure})
    tex = result.texts["report.tex"]
    assert "Here." in tex and "\\section{Q2}" in tex and "nox -s section -{}- assignment/q2" in tex
    assert "Parts that failed" in tex.split("\\tableofcontents")[0]
    assert result.values["report"]["failures"] == [{"stage": label, "error": failure.error}]


def test_a_model_whose_training_failed_fails_a_health_check(workshop: Any) -> None:
    failure = workshop.failure("train/vae/seed0")
    task = workshop.section_task("x", {}, {"evaluate/vae_samples/vae/seed0": failure})
    result = workshop.assembled({"q1c": sections.render(task)})
    (check,) = [check for check in result.values["report"]["health"] if check["verdict"] == "failed"]
    assert (check["model"], check["value"], check["threshold"]) == ("vae", 1.0, 0.0)
    front, appendix = result.texts["report.tex"].split("\\tableofcontents")
    assert "no result is missing" in front and "nothing is assessed" not in appendix


def test_the_environment_is_filled_in(workshop: Any) -> None:
    values = "|".join(f'<< environment("{key}") >>' for key in ("backend", "keras", "threads", "x_y"))
    text = values + '\n<< environment_table("tab:e", "Environment.") >>'
    tex = workshop.assembled({"q1c": section(workshop, text)}).texts["report.tex"]
    assert "TensorFlow 2.19.0|3.10.0|1 thread for each training|not recorded" in tex
    assert "\\environment" not in tex and "Operating system&" in tex


def test_each_line_leads_back_to_its_template(workshop: Any) -> None:
    text = 'one\n<< environment_table("tab:e", "E.") >>\nthree'
    result = workshop.assembled({"q1c": section(workshop, text)})
    (entry,) = result.values["sources"]
    lines = result.texts["report.tex"].split("\n")
    where = {lines[entry["first"] - 1 + index]: origin for index, origin in enumerate(entry["lines"])}
    assert where["one"] == 1 and where["three"] == 3 and where["\\end{table}"] == 2
    assert entry["template"] == "report_templates/assignment/q1c.tex.j2"


def test_tables_of_one_name_and_different_content_are_an_error(workshop: Any) -> None:
    done = {}
    for name in ("a", "b"):
        authors = {"name": "x", "title": "y", "authors": [{"name": name, "contribution": name}]}
        text = '<< contributions_table("tab:c", "Who.") >>'
        done[name] = workshop.section(text, report=authors, section={"id": name, "title": name})
    with pytest.raises(TemplateError, match=r"'a' and 'b' both make tables/c\.csv"):
        workshop.assembled(done)


def test_a_report_can_replace_blocks_of_the_frame(workshop: Any) -> None:
    own = workshop.root / "report.tex.j2"
    own.write_text("<% extends 'base' %><% block contents %>NO CONTENTS<% endblock %>", encoding="utf-8")
    tex = workshop.assembled({"q1c": section(workshop, "x")}, files={"template": own}).texts["report.tex"]
    assert "NO CONTENTS" in tex and "\\tableofcontents" not in tex and "\\begin{document}" in tex


def test_references_come_with_a_bibliography_that_is_cited(workshop: Any) -> None:
    bibliography: Path = workshop.root / "works.bib"
    bibliography.write_text("@misc{a, title={A}}", encoding="utf-8")
    files = {"bibliography": bibliography}
    cited = workshop.assembled({"q1c": section(workshop, "\\citep{a}")}, files=files)
    assert "\\bibliography{references}" in cited.texts["report.tex"] and "references.bib" in cited.texts
    assert "\\bibliography{" not in workshop.assembled({"q1c": section(workshop, "x")}, files=files).texts["report.tex"]


def test_the_tables_of_the_appendices_are_files_too(workshop: Any) -> None:
    result = workshop.assembled({"q1c": section(workshop, "x")})
    tables = {name: list(csv.reader(io.StringIO(data.decode()))) for name, data in result.files.items()}
    assert tables["tables/health.csv"][0][:3] == ["Check", "Data", "Model"]
    assert len(tables["tables/health.csv"]) == 1 + len(result.values["report"]["health"])
    assert ["mnist", "real", "train", "ba89" * 16] in tables["tables/data.csv"]
    assert {row[1] for row in tables["tables/stages.csv"][1:]} >= {"train/sparse/seed0"}
    assert ["training.epochs", "", "2", ""] in tables["tables/settings.csv"]
    assert ["python", f"{sys.version_info.major}.{sys.version_info.minor}"] in tables["tables/environment.csv"]
    assert {entry["file"] for entry in result.values["report"]["tables"]} == set(tables)


def test_nothing_of_this_machine_or_day_gets_in(workshop: Any) -> None:
    import datetime
    import socket

    result = workshop.assembled({"q1c": section(workshop, '<< environment_table("tab:e", "E.") >>')})
    text = result.texts["report.tex"] + json.dumps(result.values)
    assert str(workshop.root) not in text
    assert f"{datetime.datetime.now(tz=datetime.UTC):%Y-%m-%d}" not in text
    assert len(socket.gethostname()) < 4 or socket.gethostname() not in text


def test_a_smoke_report_says_so_on_page_one_and_in_the_running_head(workshop: Any) -> None:
    done = {"q1c": workshop.section("", {})}
    smoke = workshop.assembled(done, profile="smoke").texts["report.tex"]
    head = smoke.index("\\reportrunning")
    assert "Profile smoke, no results" in smoke[head : smoke.index("\\begin{document}")]
    assert "Its numbers are no results" in smoke[: smoke.index("\\tableofcontents")]
    default = workshop.assembled(done).texts["report.tex"]
    assert "no results" not in default
