"""The assignment's templates, read as text: outline, citations, and no result that is typed."""

import re
import tomllib
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "report_templates" / "assignment"
SETTINGS = tomllib.loads((FOLDER / "report.toml").read_text(encoding="utf-8"))
SOURCES = {
    section["id"]: (FOLDER / section["template"]).read_text(encoding="utf-8") for section in SETTINGS["sections"]
}
# Bibliography keys that data sets give by themselves.
DATA_KEYS = {"lecun1998", "roweis", "alpaydin1998"}

OUTLINE = [
    "Team member contributions",
    "Introduction",
    "Team details and contributions",
    "Tasks",
    "Computing environment",
    "Question 1a: Objective",
    "Tools and libraries",
    "Workflow summary",
    "Autoencoder architecture",
    "Reconstruction",
    "Latent space visualization",
    "Question 1b: Interpolation analysis",
    "Workflow",
    "Data preparation",
    "Metrics for evaluation",
    "Interpolation process",
    "Implementation details",
    "<< name | capitalize >> autoencoder metrics",
    "Visual reconstructions",
    "Question 1c: Objective",
    "Tools",
    "Workflow",
    "Data preparation",
    "Autoencoder models",
    "Evaluation via classification",
    "Results",
    "Conclusion",
    "Question 2: Objective",
    "Data pipeline and preprocessing",
    "Model architecture",
    r"Encoder \texorpdfstring{$q(z \mid x)$}{q(z|x)}",
    "Latent space sampling",
    r"Decoder \texorpdfstring{$p(x \mid z)$}{p(x|z)}",
    "Objective function and training",
    "Reconstruction loss",
    "KL divergence",
    "Optimization",
    "Evaluation and results",
    "Generative sampling from the prior",
    "Latent traversal and disentanglement",
    "Conclusion",
]


def headings() -> list[str]:
    text = "\n".join(SOURCES.values())
    return re.findall(r"\\(?:unnumbered|sub|subsub)?section\*?\{(.+)\}", text)


def test_the_outline_is_the_assignment_s() -> None:
    remaining = iter(headings())
    missing = [title for title in OUTLINE if title not in remaining]
    assert not missing


def test_each_section_has_its_title_from_the_settings_as_heading() -> None:
    for section in SETTINGS["sections"]:
        assert f"section{{{section['title']}}}" in SOURCES[section["id"]], section["id"]


def test_works_cited_and_works_listed_are_the_same() -> None:
    text = "\n".join(SOURCES.values())
    groups = re.findall(r"\\cite[pt](?:\[[^\]]*\])*\{([^}<]+)\}", text)
    cited = {key.strip() for keys in groups for key in keys.split(",")}
    bibliography = (FOLDER / "references.bib").read_text(encoding="utf-8")
    listed = set(re.findall(r"^@\w+\{(\w+),", bibliography, flags=re.MULTILINE))
    assert cited - listed == set()
    assert listed - cited <= DATA_KEYS
    assert listed >= DATA_KEYS


@pytest.mark.parametrize("section", SOURCES)
def test_no_sentence_compares_models_by_itself(section: str) -> None:
    """What is better than what is for claims to say; the models' own names beside such words give it away."""
    prose = re.sub(r"<<.*?>>|<%.*?%>|<#.*?#>", "", SOURCES[section], flags=re.DOTALL)
    verdicts = re.findall(r"outperform\w*|superior\w*|inferior\w*|(?:better|worse|higher|lower) than", prose)
    assert verdicts == []


def test_the_published_figures_have_the_columns_that_claims_read() -> None:
    lines = (FOLDER / "published.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "kind,model,data,quantity,alpha,value,unit,source,epochs"
    assert any(line.startswith("assignment,contractive,mnist,probe_accuracy,") for line in lines)


def test_nothing_is_held_against_published_figures_where_the_data_are_others() -> None:
    source = SOURCES["comparison"]
    condition, embedded, real = re.split(r"<% if [^%]*embedded[^%]*%>|<% else %>", source)
    assert "published" in condition.casefold() and "claim(" not in condition
    assert "claim(" not in embedded and "_table(" not in embedded
    assert "claim(" in real and "_table(" in real


@pytest.mark.parametrize("section", [name for name, source in SOURCES.items() if "in_short" in source])
def test_each_conclusion_has_words_for_every_outcome(section: str) -> None:
    outcomes = {
        "reconstruction_against": {"better", "worse", "no difference shown", "not testable"},
        "interpolation_difference": {"better", "worse", "no difference shown", "not testable"},
        "accuracy_difference": {"better", "worse", "no difference shown", "not testable"},
        "sparser": {"higher", "lower", "no difference shown", "not testable"},
        "contraction_reduced": {"higher", "lower", "no difference shown", "not testable"},
        "samples_varied": {"higher", "lower", "no difference shown", "not testable"},
        "samples_near_faces": {"better", "worse", "holds", "no difference shown", "not testable"},
        "dimensions_used": {"holds", "does not hold", "not testable"},
    }
    parts = re.findall(r'\("([a-z_]+)", \{[^}]*\}, \{([^}]*)\}\)', SOURCES[section])
    assert parts
    for name, words in parts:
        assert set(re.findall(r'"([^"]+)":', words)) == outcomes[name], name
