"""Projects are read strictly: every fault names file, line, key, what was found, and a way out."""

import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentpress import project
from latentpress.errors import LatentPressError, SettingsError, UsageError
from latentpress.settings_files import override

ROOT = Path(__file__).parents[1]


@pytest.fixture
def root(tmp_path):
    """A copy of the project's own settings, to be broken."""
    for folder in ("experiments", "report_templates"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    return tmp_path


def edit(path, old, new):
    text = path.read_text()
    assert old in text, f"{old!r} is not in {path}"
    path.write_text(text.replace(old, new, 1))


def fault(root, profile="default"):
    with pytest.raises(LatentPressError) as caught:
        project.load(root, profile)
    return caught.value


@pytest.mark.parametrize("profile", project.PROFILES)
def test_own_project_is_valid_in_every_profile(profile):
    found = project.load(ROOT, profile)
    assert next(iter(found.reports)) == "assignment"
    assert {"plain", "sparse", "contractive", "untrained", "vae"} <= set(found.experiments)


def test_profile_changes_only_what_it_names():
    default, published = (project.load(ROOT, name).experiments["sparse"] for name in ("default", "published"))
    assert published.training.epochs == 20
    assert published.training.batch_size == 128
    assert published.objective == default.objective


def test_misspelt_key_is_named_with_its_line_and_the_nearest_key(root):
    path = root / "experiments" / "sparse.toml"
    edit(path, "batch_size", "batch_sise")
    line = path.read_text().splitlines().index("batch_sise = 64") + 1
    error = fault(root)
    assert isinstance(error, SettingsError)
    assert f"{path}, line {line}: training.batch_sise: unknown key" in error.message
    assert error.hint == 'Did you mean "batch_size"?'


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("batch_size = 64", 'batch_size = "many"', "found 'many'"),
        ("batch_size = 64", "batch_size = 2.5", "found 2.5"),
        ("batch_size = 64", "batch_size = 0", "greater than 0"),
        ("batch_size = 64", "batch_size = true", "found True"),
        ('name = "convolutional"', 'name = "convolutionel"', "'convolutional', 'dense', 'strided' or 'variational'"),
        ("\ntarget = ", "\ntarget = 1", "less than 1"),
        ('data = "mnist"', 'data = "mnits"', 'unknown data set "mnits"'),
        ('code_activation = "sigmoid"', 'code_activation = "linear"', "needs model.code_activation 'sigmoid'"),
        ("[profiles.smoke]", "[profiles.smok]", 'unknown profile "smok"'),
        ("[model]", "[model", "not valid TOML"),
    ],
)
def test_wrong_value_says_what_was_found_and_expected(root, old, new, message):
    path = root / "experiments" / "sparse.toml"
    edit(path, old, new)
    error = fault(root)
    assert message in error.message
    assert str(path) in error.message
    assert error.hint
    assert error.exit_status == 2


def test_missing_key_is_named(root):
    edit(root / "experiments" / "vae.toml", 'data = "frey"\n', "")
    assert "data: missing" in fault(root).message


def test_file_that_is_not_utf8_is_named(root):
    path = root / "experiments" / "vae.toml"
    path.write_bytes(path.read_bytes().replace(b"Variational", b"Variation\xe9l"))
    assert "is not UTF-8" in fault(root).message


def test_misspelt_key_in_a_profile_is_found_when_the_profile_is_used(root):
    edit(root / "experiments" / "sparse.toml", '"training.epochs" = 20', '"training.epoch" = 20')
    assert "training.epoch: unknown key" in fault(root, "published").message


def test_unknown_experiment_in_a_section_suggests_the_nearest(root):
    edit(root / "report_templates" / "assignment" / "report.toml", '"contractive"', '"contracting"')
    error = fault(root)
    assert isinstance(error, UsageError)
    assert 'unknown experiment "contracting"' in error.message
    assert '"contractive"' in error.hint


def test_unknown_evaluation_suggests_the_nearest(root):
    edit(root / "report_templates" / "assignment" / "report.toml", '"reconstruction"', '"reconstructions"')
    error = fault(root)
    assert 'unknown evaluation "reconstructions"' in error.message
    assert error.hint == 'Did you mean "reconstruction"?'


def test_template_that_does_not_exist_is_named(root):
    (next((root / "report_templates" / "assignment" / "sections").glob("*q1b*"))).unlink()
    assert "there is no file" in fault(root).message


def test_report_without_authors_is_refused(root):
    path = root / "report_templates" / "assignment" / "report.toml"
    text = path.read_text()
    path.write_text("authors = []\n" + "\n".join(_without_tables(text, "[[authors]]")))
    assert "authors" in fault(root).message


def _without_tables(text, header):
    skipping = False
    for line in text.splitlines():
        if line.startswith("["):
            skipping = line.strip() == header
        if not skipping:
            yield line


def test_folder_without_a_project_is_told(tmp_path):
    with pytest.raises(UsageError, match="is in no project"):
        project.find_root(tmp_path)


def test_root_is_found_from_a_folder_inside(root):
    assert project.find_root(root / "report_templates" / "assignment") == root


@given(st.dictionaries(st.sampled_from(["a", "b.c", "b.d.e"]), st.integers()))
def test_override_sets_dotted_keys_and_leaves_the_original_alone(changes):
    original = {"a": 0, "b": {"c": 0, "x": 1}}
    changed = override(original, changes)
    assert original == {"a": 0, "b": {"c": 0, "x": 1}}
    assert changed["b"]["x"] == 1
    for key, value in changes.items():
        found = changed
        for part in key.split("."):
            found = found[part]
        assert found == value


@pytest.mark.parametrize("name", ["store", "Store", "last_run.json", "timeline.svg", ".hidden"])
def test_a_report_may_not_have_the_name_of_what_else_lies_in_the_build_folder(root, name):
    """Its export would remove the store."""
    shutil.copytree(root / "report_templates" / "assignment", root / "report_templates" / name)
    error = fault(root)
    assert isinstance(error, SettingsError)
    assert str(root / "report_templates" / name) in error.message
    assert "Rename the folder" in error.hint


def line_with(path, text):
    return next(number for number, line in enumerate(path.read_text().splitlines(), start=1) if text in line)


@pytest.fixture
def report_toml(root):
    return root / "report_templates" / "assignment" / "report.toml"


def test_an_unknown_evaluation_is_told_with_its_file_and_section(root, report_toml):
    edit(report_toml, '"embedding"', '"embeding"')
    error = fault(root)
    assert f'{report_toml}: section "q1a": unknown evaluation "embeding"' in error.message
    assert error.hint == 'Did you mean "embedding"?'


def test_a_misspelt_key_of_a_section_is_told_with_its_own_line(root, report_toml):
    edit(report_toml, 'id = "q1c"\ntitle =', 'id = "q1c"\ntitel =')
    error = fault(root)
    assert f"line {line_with(report_toml, 'titel =')}: sections.5.titel: unknown key" in error.message
    header = line_with(report_toml, 'id = "q1c"') - 1
    assert f"line {header}: sections.5.title: missing" in error.message
    assert error.hint == 'Did you mean "title"?'


def test_a_misspelt_setting_of_an_evaluation_is_told_with_its_line(root, report_toml):
    edit(report_toml, '"interpolation"', '{ name = "interpolation", settings = { pair = 3 } }')
    error = fault(root)
    assert f"line {line_with(report_toml, 'pair = 3')}: " in error.message
    assert 'evaluation "interpolation": pair: unknown key' in error.message


def test_an_experiment_in_a_subfolder_is_read_by_its_name(root):
    (root / "experiments" / "mine").mkdir()
    shutil.move(root / "experiments" / "sparse.toml", root / "experiments" / "mine" / "sparse.toml")
    assert project.load(root).experiments["sparse"].title == "Sparse autoencoder"


def test_two_experiments_of_one_name_are_an_error_that_names_both_files(root):
    first, second = root / "experiments" / "sparse.toml", root / "experiments" / "mine" / "sparse.toml"
    second.parent.mkdir()
    shutil.copy(first, second)
    error = fault(root)
    assert isinstance(error, SettingsError)
    assert f"{first} and {second}" in error.message
    assert "Rename one" in error.hint


@pytest.mark.parametrize(
    ("old", "new", "message", "hint"),
    [
        ('model = "late_padding"', 'model = "late_pading"', 'names "late_pading"', '"late_padding"'),
        ('mended = "summed_divergence"', 'mended = "vae"', 'names "vae", which no section shows', "summed_divergence"),
        (
            'check = "code is sparse"',
            'check = "code is sparce"',
            'unknown health check "code is sparce"',
            "code is sparse",
        ),
        ('["map ran long enough"]', '["map ran long"]', 'unknown health check "map ran long"', "map ran long enough"),
    ],
)
def test_a_fault_names_models_of_the_report_and_known_checks(root, old, new, message, hint):
    edit(root / "report_templates" / "audit" / "report.toml", old, new)
    error = fault(root)
    assert message in error.message
    assert hint in error.hint


def test_an_evaluation_of_models_cannot_be_limited_to_data_sets(root):
    path = root / "report_templates" / "denoising" / "report.toml"
    edit(path, '{ name = "gaussian_code", models', '{ name = "gaussian_code", data = ["mnist"], models')
    error = fault(root)
    assert "evaluation \"gaussian_code\": data: found ['mnist'], expected none" in error.message
    assert "models" in error.hint


def test_what_is_different_on_embedded_data_is_checked_on_any_data(root):
    path = root / "experiments" / "denoising" / "simple_autoencoder.toml"
    edit(path, '"training.images" = 1600', '"training.imagse" = 1600')
    error = fault(root)
    assert str(path) in error.message
    assert "imagse" in error.message


def test_an_evaluation_is_limited_to_data_sets_of_its_section(root):
    path = root / "report_templates" / "denoising" / "report.toml"
    edit(path, 'name = "denoising_controls", data = ["colored_mnist"]', 'name = "denoising_controls", data = ["frey"]')
    error = fault(root)
    assert 'evaluation "denoising_controls" names the data set "frey", which is none of the section\'s' in error.message
    assert "colored_mnist" in error.hint


@pytest.mark.parametrize(
    ("experiment", "wrong"), [("contractive", "beside"), ("sparse", "decoder"), ("plain", "beside")]
)
def test_a_penalty_cannot_look_at_what_it_does_not_know(root, experiment, wrong):
    edit(root / "experiments" / f"{experiment}.toml", "[objective]", f'[objective]\npenalised = "{wrong}"')
    assert f"objective.penalised is '{wrong}'" in fault(root).message
