"""A project's own evaluations follow the rules of the built-in ones, and faults in them are told before a build."""

import pytest

from latentpress import declarations, starting
from latentpress.errors import SettingsError, UsageError
from latentpress.own_evaluations import check_own_evaluations
from latentpress.project import load

GOOD = 'SCOPE = "model"\nNEEDS = ("codes",)\nSETTINGS = {"shown": 3}\n\ndef measure(task):\n    return None\n'


@pytest.fixture
def root(tmp_path):
    starting.start_project(tmp_path / "demo", "T", ["A"], lambda line: None)
    return tmp_path / "demo"


def write(root, name, text):
    path = root / "evaluations" / f"{name}.py"
    path.write_text(text) if isinstance(text, str) else path.write_bytes(text)
    return path


def fault(root):
    with pytest.raises(SettingsError) as caught:
        load(root)
    assert caught.value.hint
    return caught.value.message


def test_an_own_evaluation_is_declared_as_a_built_in_one(root):
    write(root, "spread", GOOD)
    check_own_evaluations(root)
    declared = declarations.evaluation("spread", root)
    assert (declared.module, declared.needs, declared.settings) == ("evaluations.spread", ("codes",), {"shown": 3})
    assert declarations.evaluation("sparsity", root).module == "latentpress.evaluations.sparsity"
    with pytest.raises(UsageError, match="unknown evaluation"):
        declarations.evaluation("spread")


def test_a_misspelt_one_is_suggested_with_the_built_in_ones(root):
    write(root, "spread", GOOD)
    with pytest.raises(UsageError) as caught:
        declarations.evaluation("spred", root)
    assert caught.value.hint == 'Did you mean "spread"?'


@pytest.mark.parametrize("name", ["subject", "../evaluations/sparsity", "", "."])
def test_a_module_that_measures_nothing_and_a_path_are_no_evaluations(root, name):
    with pytest.raises(UsageError, match="unknown evaluation"):
        declarations.evaluation(name, root)


def test_a_name_that_is_taken_is_an_error_with_both_files(root):
    path = write(root, "sparsity", GOOD)
    message = fault(root)
    assert str(path) in message
    assert str(declarations.FOLDER / "sparsity.py") in message


def test_a_helper_may_have_the_name_of_anything(root):
    write(root, "statistics", "TITLE = str(3)\nSETTINGS = open\n")
    write(root, "sparsity", "LEVEL = 0.1\n")
    assert load(root).reports


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("spread", "SCOPE = \n", "line 1: not valid Python"),
        ("spread", b'SCOPE = "\xff"\n', "not valid Python"),
        ("spread", GOOD.replace('SCOPE = "model"', 'SCOPE = "modle"'), "SCOPE: found 'modle', expected one of"),
        ("spread", GOOD.replace('("codes",)', '("codes")'), "NEEDS: found 'codes', expected a tuple"),
        ("spread", GOOD.replace('NEEDS = ("codes",)', ""), "NEEDS: missing"),
        ("spread", GOOD.replace('SCOPE = "model"', ""), "SCOPE: missing"),
        ("spread", GOOD.replace("{", "dict("), "not valid Python"),
        ("spread", GOOD.replace('{"shown": 3}', "dict(shown=3)"), "line 3: SETTINGS: found an expression"),
        ("spread", GOOD.replace('{"shown": 3}', "3"), "SETTINGS: found 3, expected a dict"),
        ("spread", GOOD + "SECONDS = True\n", "SECONDS: found True, expected a number"),
        ("spread", GOOD + "BACKEND = 1\n", "BACKEND: found 1, expected True or False"),
        ("spread", GOOD + 'SMOKE = {"show": 1}\n', "show: unknown key"),
        ("spread", GOOD + 'EMBEDDED = {"shown": "1"}\n', "shown: found '1'"),
        ("spread", GOOD.replace("measure", "measured"), "no function measure"),
        ("spread", GOOD.replace('"codes"', '"sparsty"'), 'unknown evaluation "sparsty"'),
        ("spread", GOOD.replace('"codes"', '"controls"'), 'found "controls", which has the scope "data"'),
        ("spread", GOOD.replace('"codes"', '"probe_comparison"'), 'the scope "comparison"'),
        ("spread", GOOD.replace('"model"', '"data"'), 'expected "data" alone'),
        ("spread", GOOD.replace('"codes"', '"spread"'), "wait for each other: spread → spread"),
        ("codes", GOOD, "an evaluation of the name 'codes'"),
        ("Spread-2", GOOD, "an evaluation of the name 'Spread-2'"),
    ],
)
def test_a_fault_names_the_file_what_was_found_and_what_was_expected(root, name, text, told):
    path = write(root, name, text)
    message = fault(root)
    assert message.startswith(str(path))
    assert told in message


def test_evaluations_that_wait_for_each_other_are_told_in_their_order(root):
    for name, need in (("ada", "ben"), ("ben", "cleo"), ("cleo", "ada")):
        write(root, name, GOOD.replace('"codes"', f'"{need}"'))
    assert "ada → ben → cleo → ada" in fault(root)


def test_a_comparison_may_need_own_and_built_in_evaluations(root):
    needs = '("few_labels", "controls", "codes", "model", "data")'
    write(root, "compared", GOOD.replace('"model"', '"comparison"').replace('("codes",)', needs))
    assert load(root).reports


def test_settings_of_an_own_evaluation_are_checked_as_those_of_a_built_in_one(root):
    path = root / "report_templates" / "report" / "report.toml"
    text = path.read_text()
    path.write_text(text.replace('"few_labels"', '{ name = "few_labels", settings = { labeled = 3 } }'))
    with pytest.raises(SettingsError, match="labeled: unknown key") as caught:
        load(root)
    assert caught.value.hint == 'Did you mean "labelled"?'
    path.write_text(text.replace('"few_labels"', '"few_lables"'))
    with pytest.raises(UsageError, match='unknown evaluation "few_lables"') as misspelt:
        load(root)
    assert misspelt.value.hint == 'Did you mean "few_labels"?'
