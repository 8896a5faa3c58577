"""What a template can call gives numbers, tables, figures and sentences; what failed is shown as failed."""

from __future__ import annotations

import csv
import io
import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from latentpress.engine import codec
from latentpress.errors import TemplateError
from latentpress.figure_data import Figure
from latentpress.reporting.evidence import gather
from latentpress.reporting.floats import rows_of
from latentpress.reporting.latex import escape
from latentpress.reporting.names import Names
from latentpress.reporting.published import read_published
from latentpress.reporting.published_beside import measured_groups, published_picture
from latentpress.reporting.sections import build_options

SPARSE = "evaluate/classification/sparse/seed0"
ID = "mnist/sparse/test/probe_accuracy"


def inputs(workshop: Any) -> dict[str, Any]:
    """A classification of the sparse model with a figure and a table, and the facts of its data."""
    evaluation = workshop.evaluation(
        workshop.accuracy("sparse", 0.98523, 0.0026),
        workshop.metric("test_psnr", math.inf, unit="dB"),
        figures=workshop.confusion(),
        layers=pd.DataFrame({"layer": ["conv_64", "code"], "parameters": [640, 1331339], "rate": [0.5, 0.25]}),
    )
    return {
        SPARSE: evaluation,
        "draw/classification/sparse": workshop.drawn(evaluation),
        "data/mnist": workshop.facts(),
    }


@pytest.mark.parametrize(
    ("template", "tex"),
    [
        (f'<< num("{ID}") >>', r"98.52\,\%"),
        (f'<< num("{ID}", percent=True, interval=True) >>', r"98.52\,\% \interval{98.26}{98.78}"),
        ('<< num(metric("probe_accuracy", data="mnist", model="sparse", split="test")) >>', r"98.52\,\%"),
        ('<< num("mnist/sparse/test/" ~ "probe_accuracy") >>', r"98.52\,\%"),
        ('<< num("mnist/sparse/test/test_psnr", unit=True) >>', r"$\infty$\,dB"),
        (f'<% if has("{ID}") and not has("x") %>yes<% endif %>', "yes"),
        ('<< setting("sparse", "training.epochs") >>', "2"),
        ('<< setting("sparse", "training.peak_rate") >>', "$10^{-3}$"),
        ('<< evaluation_setting("interpolation", "pairs") >>', "20"),
        ('<< evaluation_value("interpolation", "alphas") | length >>', "3"),
        ('<< experiment("sparse").title >>', "Sparse autoencoder"),
        ("<< report.title >>/<< report.authors[0].name >>", "Autoencoders/Ada Lovelace"),
        ("<< section.id >>/<< profile >>", "q1c/default"),
        ('<< data_facts("mnist").counts.train >>', "55,000"),
        (r'\citep{<< data_facts("mnist").citation >>}', r"\citep{lecun_1998}"),
        ('<< model_name("sparse") >>, << model_name("pca_128") >>', "the sparse autoencoder, PCA with 128 components"),
        ('<< cell("classification", "sparse", "layers", 1, "layer") >>', "code"),
        ('<< ref("fig:x") >>', r"Figure~\ref{fig:x}"),
        ('<< data_notice() >>', ""),
        ('<% for text, fields in alpha_rows([0.0, 0.2]) %><< text >> <% endfor %>', "0 0.2"),
        (
            '<% for text, fields in condition_rows("blur", [0.5, 1.0], "Blur, $s$ = ", " px") %>'
            "<< text >>: << fields.conditions.blur | int >>; <% endfor %>",
            "Blur, $s$ = 0.5 px: 0; Blur, $s$ = 1 px: 1;",
        ),
    ],
)  # fmt: skip
def test_values(workshop: Any, template: str, tex: str) -> None:
    assert workshop.tex(template, inputs(workshop)).strip() == tex


def test_numbers_and_claims_are_recorded(workshop: Any) -> None:
    template = f'<< num("{ID}", percent=True) >> << claim("threshold", a="{ID}", limit=0.5, side="above", what="it") >>'
    result = workshop.section(template, inputs(workshop))
    assert result.values["numbers"] == [{"id": ID, "text": "98.52 %"}]
    (claim,) = result.values["claims"]
    assert claim["outcome"] == "holds" and claim["metrics"] == [ID] and claim["id"].startswith("q1c/threshold/")
    records = {record["id"]: record for record in result.values["metrics"]}
    assert records[ID]["section"] == "q1c" and len(records[ID]["artifact"]) == 64


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ('\n<< num("mnist/sparse/test/probe_acuracy") >>', ["line 2", "mnist/sparse/test/probe_acuracy", ID]),
        ('<< setting("sparse", "training.epoch") >>', ["no setting 'training.epoch'", "training.epochs"]),
        ('<< setting("spars", "training.epochs") >>', ["no experiment 'spars'"]),
        ('<< evaluation_value("interpolation", "pear") >>', ["no setting 'pear'", "alphas"]),
        ('<< evaluation_value("embedding", "points") >>', ["no evaluation 'embedding'"]),
        ('<< data_facts("frey") >>', ["no data set 'frey'", "mnist"]),
        ('<< published("sparse", "probe_accuracy") >>', ["0 rows"]),
        ('<< figure("classification", "sparse", "map", "c", "fig:m") >>', ["no figure 'map'", "confusion_probe"]),
        ('<< figure("classification", "sparse", "confusion_probe", "c", "fig m") >>', ["'fig m' is no label"]),
        ('<< data_table("classification", "sparse", "x", "tab:x", "c", columns={}) >>', ["no table 'x'", "layers"]),
        ('<< data_table("classification", "sparse", "layers", "tab:x", "c", columns={"y": "Y"}) >>', ["no column 'y'"]),
        ('<< cell("classification", "sparse", "layers", 7, "layer") >>', ["row 7"]),
        ('<< metric_table("tab:x", "c", "M", [("a", {"modell": "x"})], [("h", {})]) >>', ["modell", "Fields are"]),
        (
            '<< metric_table("tab:x", "c", "M", [("a", {"model": "x"})], [("h", {"quantity": "q"})], missing="-") >>',
            ["no row", "x/q"],
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_in_a_template_is_named_with_the_way_out(workshop: Any, template: str, words: list[str]) -> None:
    with pytest.raises(TemplateError) as caught:
        workshop.tex(template, inputs(workshop))
    assert caught.value.message.startswith("report_templates/assignment/q1c.tex.j2, line ")
    for word in words:
        assert word in str(caught.value)


def test_a_label_given_twice_is_an_error(workshop: Any) -> None:
    table = '<< contributions_table("tab:a", "c") >>'
    with pytest.raises(TemplateError, match="'tab:a' is given twice"):
        workshop.tex(table + table, inputs(workshop))


def test_figures_come_with_their_files(workshop: Any) -> None:
    template = (
        '<< figure("classification", "sparse", "confusion_probe", "Errors at $\\alpha$ & more.", "fig:c", width=0.7) >>'
    )
    result = workshop.section(template, inputs(workshop))
    assert set(result.files) == {f"figures/classification-sparse-confusion_probe.{ending}" for ending in ("pdf", "png")}
    tex = workshop.untraced(result)
    assert r"\fitgraphic{0.7\linewidth}{figures/classification-sparse-confusion_probe.pdf}" in tex
    assert r"\caption{Errors at $\alpha$ & more.}" in tex and r"\label{fig:c}" in tex
    (entry,) = result.values["figures"]
    assert entry["caption"] == "Errors at α & more." and len(entry["artifact"]) == 64


def test_a_row_of_figures_has_sub_labels(workshop: Any) -> None:
    entry = '("classification", "sparse", "confusion_probe", "One.")'
    tex = workshop.tex(f'<< figures([{entry}, {entry}, {entry}], "All.", "fig:r") >>', inputs(workshop))
    assert [name for name in ("fig:r-a", "fig:r-b", "fig:r-c", "fig:r}") if name in tex] == [
        "fig:r-a",
        "fig:r-b",
        "fig:r-c",
        "fig:r}",
    ]
    assert tex.count(r"\begin{subfigure}") == 3 and tex.count(r"\hfill") == 1


@pytest.mark.parametrize(
    ("widths", "rows"),
    [
        ([0.49, 0.49], [2]),
        ([0.55, 0.55], [2]),
        ([0.55, 0.55, 0.55], [2, 1]),
        ([1.0, 1.0], [1, 1]),
        ([0.3] * 4, [3, 1]),
        ([], []),
    ],
)
def test_figures_break_into_rows_before_they_become_too_small(widths: list[float], rows: list[int]) -> None:
    assert [len(row) for row in rows_of(widths)] == rows


TABLE = """<< metric_table("tab:acc", "Accuracy.", "Model", model_rows(["sparse", "pca_128"]),
  [("Probe", {"quantity": "probe_accuracy"}, {"interval": True}), ("PSNR (dB)", {"quantity": "test_psnr"})],
  where={"data": "mnist", "split": "test"}, missing="--") >>"""


def test_a_metric_table_has_its_cells_and_its_csv(workshop: Any) -> None:
    result = workshop.section(TABLE, inputs(workshop))
    tex = workshop.untraced(result)
    assert r"Sparse autoencoder&98.52\,\% \interval{98.26}{98.78}&$\infty$\\" in tex
    assert r"PCA, 128 components&--&--\\" in tex and r"\toprule" in tex and r"\fittowidth" in tex
    rows = list(csv.reader(io.StringIO(result.files["tables/acc.csv"].decode())))
    assert rows[0] == ["Model", "Probe", "Probe, low", "Probe, high", "PSNR (dB)"]
    assert rows[1] == ["Sparse autoencoder", "0.98523", "0.98263", "0.9878300000000001", "inf"]
    assert rows[2] == ["PCA, 128 components", "", "", "", ""]
    assert result.values["tables"][0]["file"] == "tables/acc.csv"
    assert {entry["id"] for entry in result.values["numbers"]} == {ID, "mnist/sparse/test/test_psnr"}


def test_conditions_of_rows_and_columns_are_joined(workshop: Any) -> None:
    metrics = [workshop.metric("accuracy", 0.1 * n, conditions={"noise": n, "kind": "blur"}) for n in (1, 2)]
    template = """<< metric_table("tab:n", "c", "Noise",
      [("1", {"conditions": {"noise": 1}}), ("2", {"conditions": {"noise": 2}})],
      [("Blur", {"conditions": {"kind": "blur"}})],
      where={"data": "mnist", "model": "sparse", "split": "test", "quantity": "accuracy"}) >>"""
    assert r"1&10.00\,\%\\" in workshop.tex(template, {SPARSE: workshop.evaluation(*metrics)})


def test_a_data_table_is_shown_as_it_is(workshop: Any) -> None:
    template = """<< data_table("classification", "sparse", "layers", "tab:l", "Layers.",
      columns={"layer": "Layer", "parameters": "Parameters", "rate": "Rate"}, limit=1) >>"""
    result = workshop.section(template, inputs(workshop))
    assert r"conv\_64&640&0.5\\" in workshop.untraced(result) and "1,331,339" not in workshop.untraced(result)
    assert result.files["tables/l.csv"].decode().splitlines()[2] == "code,1331339,0.25"


def test_long_text_wraps_in_its_column(workshop: Any) -> None:
    frame = pd.DataFrame({"layer": ["a"], "description": ["3×3 transposed convolution, stride 2, then ReLU"]})
    template = (
        '<< data_table("classification", "sparse", "t", "tab:t", "c", columns={"layer": "L", "description": "D"}) >>'
    )
    tex = workshop.tex(template, {SPARSE: workshop.evaluation(t=frame)})
    assert r"\begin{tabularx}{\linewidth}" in tex and "X@{}" in tex


PUBLISHED = """kind,model,data,quantity,alpha,value,unit,source
assignment,sparse,mnist,probe_accuracy,,0.9566,,Table 4
assignment,sparse,mnist,unknown_here,0.2,1,,Table 4
"""


def test_published_figures_stand_beside_ours(workshop: Any) -> None:
    template = '<< published("sparse", "probe_accuracy") >> << published_table("tab:p", "Published.") >>'
    result = workshop.section(template, inputs(workshop), published=PUBLISHED)
    tex = workshop.untraced(result)
    assert tex.startswith(r"95.66\,\% ")
    assert r"Sparse autoencoder&Probe accuracy&&95.66\,\%&98.52\,\% \interval{98.26}{98.78}&2.86\\" in tex
    assert "unknown" not in tex


def test_how_long_the_other_models_were_trained_stands_beside_their_figures(workshop: Any) -> None:
    lines = PUBLISHED.strip().split("\n")
    longer = "\n".join([f"{lines[0]},epochs", *(f"{line},7" for line in lines[1:])]) + "\n"
    table = '<< published_table("tab:p", "c", heading="Run again") >>'
    template = f'<< published_row("sparse", "probe_accuracy").epochs >> {table}'
    result = workshop.section(template, inputs(workshop), published=longer)
    tex = workshop.untraced(result)
    assert tex.startswith("7 ")
    assert r"Model&Epochs&Quantity&$\alpha$&Run again&Here&Difference" in tex
    assert r"Sparse autoencoder&7&Probe accuracy&&95.66\,\%&" in tex
    assert result.files["tables/p.csv"].startswith("Model,Epochs,Quantity,α,Run again,Here,".encode())


def test_published_figures_are_drawn_beside_ours_with_what_differs_behind_them(workshop: Any) -> None:
    template = (
        '<< published_figure("fig:p", "Drawn.") >>'
        '<< published_reasons("tab:why", "Why.", [("sparse", "probe_accuracy", "Another recipe.")]) >>'
    )
    result = workshop.section(template, inputs(workshop), published=PUBLISHED)
    assert result.files["figures/published-mnist-assignment.pdf"].startswith(b"%PDF")
    entry = result.values["figures"][0]
    assert entry["caption"] == "Drawn." and len(entry["artifact"]) == 64
    assert r"Sparse autoencoder&Probe accuracy&Another recipe.\\" in workshop.untraced(result)
    assert r"\label{fig:p}" in workshop.untraced(result)


def test_the_picture_holds_published_values_and_ours_with_their_intervals_in_the_unit_that_is_printed(
    workshop: Any,
) -> None:
    evidence = gather(workshop.section_task("", inputs(workshop)))
    rows = read_published(PUBLISHED, "published.csv")
    picture = published_picture(
        measured_groups(rows, evidence, kind="assignment", data="mnist", split="test"), Names({})
    )
    drawn = {name: values.tolist() for name, values in picture.arrays.items()}
    assert drawn == {
        "value0": [pytest.approx(98.523)], "low0": [pytest.approx(98.263)], "high0": [pytest.approx(98.783)],
        "other0": [pytest.approx(95.66)],
    }  # fmt: skip
    assert picture.options["panels"][0]["y_label"] == "Probe accuracy (%)"


def test_a_published_figure_without_a_reason_is_named(workshop: Any) -> None:
    with pytest.raises(TemplateError, match="no reason is given for the published 'probe_accuracy' of 'sparse'"):
        workshop.section('<< published_reasons("tab:why", "c", []) >>', inputs(workshop), published=PUBLISHED)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\n1,2\n", "found the columns a, b"),
        (PUBLISHED.replace("0.9566", "about 0.96"), "line 2"),
    ],
)
def test_a_wrong_file_of_published_figures_is_named(workshop: Any, text: str, words: str) -> None:
    with pytest.raises(TemplateError, match=words):
        workshop.section("", inputs(workshop), published=text)


def test_the_section_is_written_the_same_each_time(workshop: Any) -> None:
    assert codec.encode(workshop.section(TABLE, inputs(workshop))) == codec.encode(
        workshop.section(TABLE, inputs(workshop))
    )


EVERYTHING = (
    r"""\section{Question 1c: {braces} \% and all}
\label{sec:q1c}
Text << num("mnist/sparse/test/probe_accuracy") >>.
<< figure("classification", "sparse", "confusion_probe", "c", "fig:c") >>
<< figures([("classification", "sparse", "confusion_probe", "c")], "c", "fig:d") >>
<< data_table("classification", "sparse", "layers", "tab:l", "c", columns={"layer": "Layer"}) >>
<< cell("classification", "sparse", "layers", 0, "layer") >>
<< claim("accuracy_difference", a="sparse", b="vae", data="mnist") >>
"""
    + TABLE
)


def test_what_failed_is_shown_and_the_rest_delivered(workshop: Any) -> None:
    failure = workshop.failure("train/sparse/seed0")
    good = workshop.evaluation(workshop.accuracy("vae", 0.9))
    tex = workshop.tex(
        EVERYTHING,
        {"evaluate/classification/vae/seed0": good, "data/mnist": workshop.facts()},
        {SPARSE: failure, "draw/classification/sparse": failure},
    )
    heading, rest = tex.split("\\failurebox", 1)
    assert heading.rstrip().endswith(r"\label{sec:q1c}")
    assert (
        rest.startswith(
            r"{train/sparse/seed0}{StageError: no space left\newline line\_2 of it: 100 \% \& more}{nox -{}- s"
        )
        or "nox -s section -{}- assignment/q1c" in rest.splitlines()[0]
    )
    assert tex.count("\\failurebox") == 1  # one stage, whatever depended on it
    assert tex.count(r"\missingfigure") == 2 and r"\label{fig:c}" in tex
    assert tex.count(r"\missingvalue") >= 3
    assert r"\untestable{Not testable: train/sparse/seed0 failed.}" in tex


def test_missing_data_facts_print_markers(workshop: Any) -> None:
    failure = workshop.failure("data/mnist", "DataError: no MNIST")
    facts = 'data_facts("mnist")'
    template = f"<< {facts}.title >> << {facts}.counts.train >><% for s in {facts}.preprocessing %> << s >><% endfor %>"
    tex = workshop.tex(template, {}, {"data/mnist": failure})
    assert tex.count(r"\missingvalue{}") == 3


def test_embedded_data_are_told(workshop: Any) -> None:
    tex = workshop.tex("<< data_notice() >>", {"data/mnist": workshop.facts(source="embedded")})
    assert "MNIST" in tex and "embedded" in tex


def test_what_a_template_does_not_show_is_not_delivered(workshop: Any) -> None:
    result = workshop.section("", {SPARSE: workshop.evaluation(figures={"f": Figure("bars", {"values": np.ones(2)})})})
    assert workshop.untraced(result) == "\n" and result.values["figures"] == []


def test_a_setting_that_an_experiment_does_not_read_is_a_dash(workshop: Any) -> None:
    def experiment(penalty: str, epochs: int) -> dict[str, Any]:
        objective = {"penalty": penalty, "target": 0.05}
        return {"title": "T", "objective": objective, "training": {"epochs": epochs, "peak_rate": 0.1}}

    experiments = {"plain": experiment("none", 2), "sparse": experiment("kl_sparsity", 0)}
    template = " ".join(
        f'<< setting_read("{name}", "{key}") >>'
        for name in experiments
        for key in ("objective.target", "training.peak_rate", "training.epochs")
    )
    assert workshop.tex(template, experiments=experiments).split() == ["--", "0.1", "2", "0.05", "--", "0"]


def test_the_id_of_a_claim_holds_its_fields_in_plain_words(workshop: Any) -> None:
    template = '<< claim("embedding_ranking", models=["sparse", "vae"], quantity="probe_accuracy", data="mnist") >>'
    measured = {SPARSE: workshop.evaluation(workshop.accuracy("sparse", 0.9), workshop.accuracy("vae", 0.8))}
    found = workshop.section(template, measured).values["claims"]
    assert [entry["id"] for entry in found] == [
        "q1c/embedding_ranking/data=mnist/models=sparse+vae/quantity=probe_accuracy"
    ]


def test_what_comes_of_one_seed_names_it_and_what_is_pooled_over_several_does_not(workshop: Any) -> None:
    def seeds(*chosen: int) -> dict[str, int | None]:
        given = {
            f"evaluate/classification/sparse/seed{seed}": workshop.evaluation(
                workshop.accuracy("sparse", 0.9 + seed / 100, seed=seed)
            )
            for seed in chosen
        }
        given["evaluate/controls/mnist"] = workshop.evaluation(workshop.accuracy("pca_128", 0.9))
        given["evaluate/probe_comparison/sparse+vae"] = workshop.evaluation(
            workshop.metric("probe_accuracy_difference", 0.1, "sparse_vs_vae")
        )
        return {record["id"]: record["seed"] for record in workshop.section("", given).values["metrics"]}

    known = {
        "mnist/pca_128/test/probe_accuracy": None,
        "mnist/sparse_vs_vae/test/probe_accuracy_difference": 0,
    }
    assert seeds(0) == {"mnist/sparse/test/probe_accuracy": 0, **known}
    assert seeds(0, 1) == {
        "mnist/sparse/test/probe_accuracy": None,
        "mnist/sparse/test/probe_accuracy/seed=0": 0,
        "mnist/sparse/test/probe_accuracy/seed=1": 1,
        **known,
    }


@pytest.mark.parametrize(
    ("profile", "sources", "labels", "options"),
    [
        ("default", [], [], ""),
        ("default", ["real"], ["evaluate/probes/plain/seed0", "data/mnist"], ""),
        ("smoke", ["embedded"], ["evaluate/probes/plain/seed0"], " --profile smoke --data embedded"),
        ("default", ["real", "embedded"], ["evaluate/probes/plain/seed0"], ""),
        ("default", ["real"], ["train/plain/seed0", "train/plain/seed2"], " --seeds 3"),
        ("thorough", ["real"], [f"evaluate/probes/plain/seed{seed}" for seed in range(6)], " --profile thorough"),
        ("thorough", ["real"], ["evaluate/probes/plain/seed0"], " --profile thorough --seeds 1"),
    ],
)
def test_the_command_that_tries_again_has_the_options_of_the_build(
    profile: str, sources: list[str], labels: list[str], options: str
) -> None:
    """Without them it would train the default profile on other data."""
    facts = {str(number): {"source": source} for number, source in enumerate(sources)}
    assert build_options(profile, facts, labels) == options


def test_the_box_of_a_failure_has_the_options_too(workshop: Any) -> None:
    failures = {"evaluate/classification/sparse/seed1": workshop.failure("train/sparse/seed1")}
    inputs = {"data/mnist": workshop.facts(source="embedded")}
    told = workshop.tex("x", inputs, failures, profile="smoke")
    command = "nox -s section -- assignment/q1c --profile smoke --data embedded --seeds 2"
    assert str(escape(command)) in told


def test_no_two_columns_of_a_csv_file_have_the_same_heading(workshop: Any) -> None:
    metrics = [workshop.metric(name, 0.5, "sparse") for name in ("probe_accuracy", "mcnemar_p", "svm_mcnemar_p")]
    text = """<< metric_table("tab:p", "C.", "Model", [("Sparse", {"model": "sparse"})],
        [("Accuracy", {"quantity": "probe_accuracy"}),
         ("$p$", {"quantity": "mcnemar_p"}), ("$p$", {"quantity": "svm_mcnemar_p"})],
        where={"data": "mnist", "split": "test"}) >>"""
    shown = workshop.section(text, {"evaluate/classification/sparse/seed0": workshop.evaluation(*metrics)})
    heading = next(csv.reader(io.StringIO(shown.files["tables/p.csv"].decode())))
    assert heading == ["Model", "Accuracy", "p (mcnemar_p)", "p (svm_mcnemar_p)"]
    assert shown.texts["section.tex"].count("$p$") == 2


MAP = "See << interactive_map(report.title, 'sparse') >>."
MAPPED = "evaluate/embedding_3d/sparse/seed0"
TITLED = {"title": "R&D_1"}


def test_a_map_is_linked_by_the_name_of_its_model_alone(workshop: Any) -> None:
    tex = workshop.tex(MAP, {MAPPED: workshop.evaluation()}, report=TITLED)
    assert tex == "See \\interactivemap{sparse}{R\\&D\\_1}.\n"


def test_without_a_map_there_is_the_text_alone(workshop: Any) -> None:
    assert workshop.tex(MAP, report=TITLED) == "See R\\&D\\_1.\n"
    failures = {MAPPED: workshop.failure(MAPPED)}
    assert workshop.tex(MAP, {}, failures, report=TITLED).endswith("See R\\&D\\_1.\n")
    other = {"evaluate/embedding_3d/sparse/seed1": workshop.evaluation()}
    one_of_two = workshop.tex(MAP, other, failures, report=TITLED)
    assert one_of_two.endswith("See R\\&D\\_1.\n"), "the page shows the first training"


def test_a_map_of_no_experiment_is_an_error(workshop: Any) -> None:
    with pytest.raises(TemplateError, match="no experiment 'spares'"):
        workshop.section('<< interactive_map("the map", "spares") >>')
