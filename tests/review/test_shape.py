"""A report.json with wrong types inside is refused with the key, what was found and what was expected."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentpress.review.comparing import compare
from latentpress.review.document import DocumentError
from latentpress.review.shape import DEEPEST, check_shape

JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def places(value, here=()):
    """Every place of a report.json."""
    if isinstance(value, dict | list):
        for key, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield (*here, key)
            yield from places(part, (*here, key))


def put(report, place, value):
    *above, last = place
    for key in above:
        report = report[key]
    report[last] = value


def test_a_report_as_a_build_writes_it_is_taken(reports):
    check_shape(reports.document())


@pytest.mark.parametrize(
    ("place", "value", "told"),
    [
        (("metrics", 1, "value"), [1], "metrics[1].value: found a list, expected a number"),
        (("metrics", 0, "value"), "1.0", "metrics[0].value: found the text '1.0', expected a number"),
        (("metrics", 0, "low"), float("nan"), "metrics[0].low: found the number nan"),
        (("metrics", 0, "value"), 10**400, "metrics[0].value: found a huge number"),
        (("metrics", 0, "seed"), True, "metrics[0].seed: found true, expected a whole number or null"),
        (("metrics", 0), "text", "metrics[0]: found the text 'text', expected an object"),
        (("claims", 0, "sentence"), None, "claims[0].sentence: found null, expected text"),
        (("environment", "numpy"), 2, "environment.numpy: found the number 2, expected text"),
        (("provenance", 0, "packages"), [], "provenance[0].packages: found a list, expected an object"),
        (("settings", "sections"), {}, "settings.sections: found an object, expected a list"),
        (("files", 0, "bytes"), "many", "files[0].bytes: found the text 'many', expected a whole number"),
        (("evidence", "q1a"), {}, "evidence.q1a has no evaluations"),
    ],
)
def test_a_wrong_type_is_told_with_its_place(reports, place, value, told):
    document = reports.document(lambda report: put(report, place, value))
    with pytest.raises(DocumentError) as caught:
        check_shape(document)
    assert f"a.pdf: report.json: {told}" in caught.value.message
    assert caught.value.hint


def test_a_report_that_is_nested_without_end_is_refused(reports):
    deep = json.loads("[" * (DEEPEST + 10) + "]" * (DEEPEST + 10))
    document = reports.document(lambda report: report["settings"]["experiments"].update(x={"y": deep}))
    with pytest.raises(DocumentError, match="more than"):
        check_shape(document)


@given(st.data())
def test_junk_anywhere_is_refused_or_compared_and_never_a_crash(reports, data):
    """Nor is it when it is shown."""
    from latentpress.review.compare_console import told
    from latentpress.review.compare_html import page
    from latentpress.review.compare_pdf import document as latex

    place = data.draw(st.sampled_from(sorted(places(reports.content()), key=str)))
    junk = data.draw(JUNK)
    document = reports.document(lambda report: put(report, place, junk))
    try:
        comparison = compare(reports.document(), document)
    except DocumentError:
        return
    assert comparison.verdict in ("same", "differs")
    assert told(comparison, everything=True, width=80, colour=True)
    assert page(comparison, {}, everything=True)
    assert latex(comparison, {}, {}, everything=True)
    json.dumps(comparison.as_json(everything=True))
