"""The graph of stages: what depends on what, and what a change of settings touches."""

from pathlib import Path

import pytest

from latentpress import pipeline, project
from latentpress.datasets.settings import DATA_SETS
from latentpress.engine.graph import Graph
from latentpress.pipeline import Choices, DataSource, Machine
from latentpress.profiles import seeds_of_profile
from latentpress.running import above

ROOT = Path(__file__).parents[1]
SOURCES = {name: DataSource("embedded") for name in DATA_SETS}


def graph(profile="default", machine=None, choices=None, sources=None, edit=None):
    found = project.load(ROOT, profile)
    if edit is not None:
        found = edit(found)
    reports = list(found.reports.values())
    built = pipeline.build_graph(found, reports, sources or SOURCES, machine or Machine(), choices or Choices())
    return built.stages


def changed(before, after):
    return {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}


def test_every_input_of_every_stage_exists():
    stages = graph()
    for stage in stages.values():
        assert set(stage.inputs.values()) <= stages.keys()


def test_function_of_every_stage_exists():
    source = ROOT / "src"
    for stage in graph().values():
        module, _, function = stage.function.partition(":")
        text = source.joinpath(*module.split(".")).with_suffix(".py").read_text()
        assert f"\ndef {function}(" in text
        for root in stage.roots:
            assert source.joinpath(*root.split(".")).with_suffix(".py").is_file()


def test_stage_needs_only_what_it_names():
    stages = graph()
    needed = above(stages, ["evaluate/classification/sparse/seed0"])
    assert needed == {
        "evaluate/classification/sparse/seed0",
        "encode/sparse/seed0",
        "train/sparse/seed0",
        "data/mnist",
    }


@pytest.mark.parametrize(
    ("source", "profile", "expected"),
    [("embedded", "default", 64), ("real", "default", 256), ("embedded", "smoke", 4), ("real", "smoke", 4)],
)
def test_embedded_data_get_the_settings_declared_for_them_where_no_profile_set_others(source, profile, expected):
    stages = graph(profile, sources={name: DataSource(source) for name in DATA_SETS})
    assert stages["evaluate/contraction/contractive/seed0"].settings["evaluation"]["exact_images"] == expected


def test_trainings_declare_the_modules_that_their_settings_choose():
    stages = graph()
    assert stages["train/vae/seed0"].roots == ("latentpress.models.variational", "latentpress.models.plain")
    assert "latentpress.models.sparse" in stages["train/sparse/seed0"].roots
    assert "latentpress.models.sparse" not in stages["train/contractive/seed0"].roots


def test_title_of_an_experiment_touches_no_training_and_no_evaluation():
    def retitle(found):
        sparse = found.experiments["sparse"].model_copy(update={"title": "Another title"})
        return project.Project(found.root, found.profile, {**found.experiments, "sparse": sparse}, found.reports)

    touched = changed(graph(), graph(edit=retitle))
    assert touched
    assert not {name for name in touched if name.startswith(("data/", "train/", "encode/", "evaluate/", "draw/"))}


def test_training_settings_touch_that_training_only_and_what_prints_them():
    def slower(found):
        sparse = found.experiments["sparse"]
        training = sparse.training.model_copy(update={"peak_rate": 1e-4})
        experiments = {**found.experiments, "sparse": sparse.model_copy(update={"training": training})}
        return project.Project(found.root, found.profile, experiments, found.reports)

    touched = changed(graph(), graph(edit=slower))
    assert "train/sparse/seed0" in touched
    assert {name for name in touched if not name.startswith(("section/", "assemble/"))} == {"train/sparse/seed0"}


def test_seed_zero_is_the_same_stage_however_many_seeds_are_trained():
    one, three = graph(), graph(choices=Choices(seeds=3))
    assert {f"train/sparse/seed{seed}" for seed in range(3)} <= three.keys()
    measured = [name for name in one if name.startswith(("data/", "train/", "encode/", "evaluate/", "draw/"))]
    assert all(one[name] == three[name] for name in measured)


def test_the_thorough_profile_adds_seeds_to_the_default_one_and_trains_nothing_twice():
    default, thorough = graph(), graph("thorough", choices=Choices(seeds=seeds_of_profile("thorough")))
    measured = [name for name in default if name.startswith(("data/", "train/", "encode/", "evaluate/", "draw/"))]
    assert all(default[name] == thorough[name] for name in measured)
    trainings = [stage for name, stage in thorough.items() if name.startswith("train/")]
    assert len(trainings) == 6 * sum(name.startswith("train/") for name in default)
    assert len({(str(stage.settings), stage.seed, str(stage.inputs)) for stage in trainings}) == len(trainings)


def test_sections_get_every_seeds_metrics_but_draw_seed_zero_only():
    section = graph(choices=Choices(seeds=2))["section/assignment/q1b"]
    assert "evaluate/interpolation/sparse/seed1" in section.inputs
    assert [label for label in section.inputs if label.startswith("draw/interpolation/sparse")] == [
        "draw/interpolation/sparse"
    ]


def test_embedded_and_real_data_are_made_by_different_modules():
    real = SOURCES | {"mnist": DataSource("real", {"train_images": Path("x.gz")})}
    assert graph(sources=real)["data/mnist"].roots == ("latentpress.datasets.mnist",)
    assert graph()["data/mnist"].roots == ("latentpress.datasets.embedded_digits",)


def test_only_stages_that_load_keras_name_a_backend_and_a_device():
    stages = graph(machine=Machine("jax", "gpu", 4))
    assert stages["train/sparse/seed0"].backend == "jax"
    assert stages["train/sparse/seed0"].device == "gpu"
    assert stages["train/sparse/seed0"].threads == 4
    assert stages["evaluate/interpolation/sparse/seed0"].backend == "jax"
    assert stages["evaluate/classification/sparse/seed0"].backend is None
    assert {stage.threads for name, stage in stages.items() if not name.startswith("train/")} == {1}


def test_without_tex_the_graph_ends_with_the_assembled_source():
    stages = graph(choices=Choices(typeset=False))
    assert "assemble/assignment" in stages
    assert not [name for name in stages if name.startswith("typeset/")]
    assert "html/assignment" in stages, "the page needs no TeX"


def test_the_page_reads_what_moves_on_it_and_the_images_of_the_map():
    page = graph()["html/assignment"]
    kinds = {name.split("/")[1] for name in page.inputs if name.startswith("evaluate/")}
    assert kinds == {"embedding_3d", "interpolation", "latent_traversal"}
    assert {"assemble/assignment", "data/mnist"} <= set(page.inputs)
    assert {entry["label"] for entry in page.settings["interactive"]} == {
        name for name in page.inputs if name.startswith("evaluate/")
    }
    assert page.tolerant, "a part that failed is said to be missing, and the rest is delivered"


def test_the_maps_have_a_page_where_there_are_any():
    page = graph()["tsne/assignment"]
    models = {entry["model"] for entry in page.settings["interactive"]}
    assert models == {"sparse", "contractive", "plain"}
    assert set(page.inputs) == {
        "assemble/assignment", "data/mnist", *(f"evaluate/embedding_3d/{model}/seed0" for model in models)
    }  # fmt: skip
    assert page.tolerant, "a map that failed is said to be missing, and the others are shown"
    stages = graph()
    assert "html/audit" in stages and "tsne/audit" not in stages, "it maps no codes"


def test_two_settings_of_one_evaluation_are_two_stages():
    built = pipeline.Graph()
    first = pipeline.Stage(name="evaluate/x/y", function="a:b", settings={"pairs": 1})
    second = pipeline.Stage(name="evaluate/x/y", function="a:b", settings={"pairs": 2})
    assert built.add(first) == built.add(first) == "evaluate/x/y"
    assert built.add(second) != "evaluate/x/y"
    assert len(built.stages) == 2


@pytest.mark.parametrize("profile", project.PROFILES)
def test_data_sets_of_all_reports_are_known(profile):
    found = project.load(ROOT, profile)
    assert pipeline.data_sets(found, found.reports.values()) == ["colored_mnist", "frey", "mnist"]


def test_comparison_reads_each_model_s_evaluation_as_its_section_has_it():
    stages = graph()
    stage = stages["evaluate/contraction_comparison/sparse+contractive+plain"]
    exact = {
        label.split(":")[1]: stages[name].settings["evaluation"]["exact_images"]
        for label, name in stage.inputs.items()
        if ":" in label
    }
    assert exact["contractive"] > 0
    assert exact["sparse"] == exact["plain"] == 0
    assert not [name for name in stages if name.startswith("evaluate/contraction/") and "~" in name]


def test_comparison_with_controls_reads_them_once_with_the_section_s_settings():
    stages = graph()
    stage = stages["evaluate/reconstruction_comparison/vae+vae_averaged+vae_sigma"]
    assert stages[stage.inputs["controls"]].settings["evaluation"]["components"] == 20
    assert set(stage.inputs) == {
        "data", "reconstruction:vae", "reconstruction:vae_averaged", "reconstruction:vae_sigma", "controls",
    }  # fmt: skip


def seconds_of(**options):
    stages = graph(**options)
    assignment = above(stages, ["typeset/assignment"])
    return Graph([stages[name] for name in assignment]).estimate(assignment, 2, 2)


def test_the_estimate_follows_the_number_of_images():
    """On two quiet cores a build takes about 600 s with the real data and 210 s with the embedded."""
    real = {name: DataSource("real") for name in SOURCES}
    assert 450 < seconds_of(sources=real) < 750
    assert 120 < seconds_of() < 280
    assert 40 < seconds_of(profile="smoke") < 150
    assert seconds_of(profile="smoke", sources=real) == pytest.approx(seconds_of(profile="smoke"))


def test_what_has_no_figures_is_not_drawn():
    drawn = {name.split("/")[1] for name in graph() if name.startswith("draw/")}
    assert "interpolation" in drawn
    assert not drawn & {"contraction", "controls", "probe_comparison"}


def test_experiments_that_differ_in_their_titles_alone_are_trained_once():
    stages = graph()
    assert "train/plain_small/seed0" in stages
    assert "train/plain_small_in_haste/seed0" not in stages
    hasty = stages["evaluate/embedding/plain_small_in_haste/seed0"]
    assert hasty.inputs["codes"] == "encode/plain_small/seed0"
    assert hasty.settings["experiment"] == "plain_small_in_haste"


def test_some_of_the_images_are_estimated_and_encoded_as_some():
    stages = graph()
    assert stages["encode/plain_small/seed0"].settings["images"] == 3000
    assert stages["encode/plain/seed0"].settings["images"] is None
    assert stages["train/plain_small/seed0"].seconds < stages["train/plain/seed0"].seconds / 2


def test_declared_faults_reach_the_assembled_report_and_no_other():
    stages = graph()
    assert "late_padding" in [fault["model"] for fault in stages["assemble/audit"].settings["faults"]]
    assert stages["assemble/assignment"].settings["faults"] == []


def test_an_evaluation_limited_to_data_sets_is_run_on_no_other_and_read_by_what_needs_it():
    stages = graph()
    section = stages["section/denoising/conclusion"]
    assert "evaluate/denoising_controls/colored_mnist" in section.inputs
    assert "evaluate/denoising_controls/mnist" not in stages
    needed = stages["evaluate/reconstruction_comparison/dense_144_72_48"].inputs["controls"]
    assert needed.startswith("evaluate/controls/mnist")
    assert stages[needed].settings["evaluation"]["components"] == 48


def test_embedded_data_get_the_settings_that_an_experiment_has_for_them_unless_its_profile_decides():
    def trained(profile, source):
        found = graph(profile, sources={name: DataSource(source) for name in DATA_SETS})
        settings = found["train/dense_144_72_48/seed0"].settings["training"]
        return settings["epochs"], settings["batch_size"]

    assert trained("default", "real") == (10, 256)
    assert trained("default", "embedded") == (5, 64)
    assert trained("smoke", "embedded") == (2, 64), "the profile says how many epochs"
