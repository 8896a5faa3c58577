"""Evaluations declare what they are; the declarations are read without importing them."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentpress import declarations
from latentpress.errors import SettingsError, UsageError

EVALUATIONS = sorted(
    path.stem for path in declarations.FOLDER.glob("*.py") if "\nSCOPE = " in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("name", EVALUATIONS)
def test_every_declaration_is_complete_and_its_other_settings_are_valid(name):
    declared = declarations.evaluation(name)
    assert declared.scope in {"model", "data", "comparison"}
    assert declared.seconds > 0
    assert declared.title
    for need in declared.needs:
        assert need in {"data", "codes", "model", *EVALUATIONS}
    for other in (declared.smoke, declared.embedded):
        assert declarations.merge_settings(declared, other, Path("x.toml")).keys() == declared.settings.keys()


def test_reading_declarations_imports_no_numerical_library():
    code = (
        "import sys; from latentpress.declarations import evaluation; evaluation('embedding'); "
        "assert not {'numpy', 'sklearn', 'keras'} & set(sys.modules), 'heavy'"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_unknown_evaluation_suggests_the_nearest():
    with pytest.raises(UsageError, match='unknown evaluation "embeding"') as caught:
        declarations.evaluation("embeding")
    assert caught.value.hint == 'Did you mean "embedding"?'


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("pair", 3, "unknown key"),
        ("pairs", "three", "found 'three'"),
        ("pairs", 2.5, "found 2.5"),
        ("pairs", True, "found True"),
        ("alphas", [0.0, "half"], "found [0.0, 'half']"),
        ("alphas", 0.5, "found 0.5"),
    ],
)
def test_wrong_settings_name_file_key_and_what_was_found(key, value, message):
    declared = declarations.evaluation("interpolation")
    with pytest.raises(SettingsError) as caught:
        declarations.merge_settings(declared, {key: value}, Path("report.toml"))
    assert message in caught.value.message
    assert "report.toml" in caught.value.message
    assert caught.value.hint


@given(st.integers(1, 1000), st.lists(st.integers(0, 1) | st.floats(0, 1), min_size=1))
def test_values_of_the_defaults_type_replace_them(pairs, alphas):
    declared = declarations.evaluation("interpolation")
    merged = declarations.merge_settings(declared, {"pairs": pairs, "alphas": alphas}, Path("report.toml"))
    assert merged == {**declared.settings, "pairs": pairs, "alphas": alphas}


@pytest.mark.parametrize("name", EVALUATIONS)
def test_an_evaluation_that_says_it_has_no_figures_packs_none(name):
    source = (declarations.FOLDER / f"{name}.py").read_text(encoding="utf-8")
    assert declarations.evaluation(name).figures == ("figure_data import" in source)
