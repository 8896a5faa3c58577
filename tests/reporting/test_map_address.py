"""The address of a map is made of fixed text and an identifier, and of nothing else."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentpress.project import Identifier
from latentpress.reporting import map_address

STYLE = Path(__file__).parents[2] / "report_templates" / "common" / "report.sty"


@given(st.from_regex(r"[a-z][a-z0-9_]*", fullmatch=True))
def test_every_experiment_has_an_address_that_needs_no_escape_anywhere(model: str) -> None:
    made = map_address.address(model)
    assert re.fullmatch(r"tsne\.html#[a-z0-9_]+", made)
    assert map_address.is_address(made)


@given(st.text())
def test_no_other_text_becomes_an_address(text: str) -> None:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", text):
        with pytest.raises(ValueError, match="name of an experiment"):
            map_address.address(text)
        assert not map_address.is_address(f"tsne.html#{text}")
    assert not map_address.is_address(text) or text.startswith("tsne.html#")


def test_names_of_experiments_and_the_page_are_those_of_the_settings_and_the_style() -> None:
    (pattern,) = [constraint.pattern for constraint in Identifier.__metadata__]
    assert pattern == f"^{map_address.MODEL.pattern}$"
    assert f"/URI({map_address.PAGE}\\hyper@hash" in STYLE.read_text(encoding="utf-8")
