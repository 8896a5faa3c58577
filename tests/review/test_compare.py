"""Two reports held against each other: what is a difference, what is within tolerance, and what is only told."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentpress.review.compare_differences import counts_in_words
from latentpress.review.compare_tolerances import OTHER, SAME_BITS, Tolerance, tolerance_of, within
from latentpress.review.compare_words import runs
from latentpress.review.comparing import compare
from latentpress.review.document import DocumentError

FINITE = st.floats(-1e12, 1e12)
VALUES = st.one_of(st.none(), FINITE, st.sampled_from([math.inf, -math.inf]))
TOLERANCES = st.builds(Tolerance, st.floats(0, 1e3), st.floats(0, 1), st.just("a reason"))
JSON_VALUES = st.one_of(st.none(), FINITE, st.sampled_from(["inf", "-inf"]))


def entries(comparison, part):
    return {entry.key: entry for entry in comparison.part(part).entries}


def states(comparison, part):
    return {key: entry.state for key, entry in entries(comparison, part).items()}


def other_code(report):
    """Code that is not the same anywhere, so that tolerances by quantity rule."""
    for row in report["provenance"]:
        row["source"] = "f" * 64


def with_value(index, value, *more):
    def change(report):
        for also in more:
            also(report)
        report["metrics"][index]["value"] = value

    return change


@given(VALUES, VALUES, TOLERANCES)
def test_tolerance_is_symmetric(a, b, tolerance):
    assert within(a, b, tolerance) == within(b, a, tolerance)


@given(VALUES, TOLERANCES)
def test_a_value_is_within_any_tolerance_of_itself(a, tolerance):
    assert within(a, a, tolerance)
    assert within(a, a, SAME_BITS)


@given(FINITE, FINITE, TOLERANCES, st.floats(0, 1e3), st.floats(0, 1))
def test_a_wider_tolerance_allows_no_less(a, b, tolerance, absolute, relative):
    wider = Tolerance(tolerance.absolute + absolute, tolerance.relative + relative, "wider")
    assert within(a, b, wider) or not within(a, b, tolerance)


@given(FINITE, TOLERANCES)
def test_infinite_and_missing_values_are_the_same_as_themselves_only(a, tolerance):
    for special in (None, math.inf, -math.inf):
        assert not within(a, special, tolerance)
    assert not within(math.inf, -math.inf, tolerance)
    assert not within(math.inf, None, tolerance)


def test_a_difference_of_exactly_the_tolerance_is_within_it():
    """0.95 and 0.945 are a little more than 0.005 apart in binary."""
    assert within(0.95, 0.945, tolerance_of("probe_accuracy"))
    assert not within(0.95, 0.9449, tolerance_of("probe_accuracy"))


@pytest.mark.parametrize(
    ("quantity", "words"),
    [
        ("probe_accuracy", "±0.005"),
        ("probe_accuracy_difference", "±0.01"),
        ("test_mse", "±1e-05 or 5 %"),
        ("interpolation_psnr_mean", "±0.25"),
        ("parameters", "exact"),
        ("mcnemar_p", "±0.2"),
    ],
)
def test_tolerances_are_by_quantity(quantity, words):
    assert tolerance_of(quantity).words() == words


def test_every_tolerance_has_a_reason_and_an_unknown_quantity_gets_the_general_one():
    from latentpress.review.compare_tolerances import TOLERANCES as TABLE

    assert all(tolerance.reason for _, tolerance in TABLE)
    assert tolerance_of("never_heard_of") is OTHER


@given(st.lists(JSON_VALUES, min_size=5, max_size=5))
def test_a_report_is_the_same_as_itself(reports, values):
    def change(report):
        for record, value in zip(report["metrics"], values, strict=True):
            record["value"] = value

    comparison = compare(reports.document(change), reports.document(change))
    assert comparison.verdict == "same"
    assert all(entry.state == "same" for part in comparison.parts for entry in part.entries)
    assert all(not part.chosen(everything=False) for part in comparison.parts)


@given(st.lists(JSON_VALUES, min_size=5, max_size=5), st.booleans())
def test_swapping_the_reports_swaps_what_is_found_and_nothing_else(reports, values, without_first):
    def change(report):
        other_code(report)
        for record, value in zip(report["metrics"], values, strict=True):
            record["value"] = value
        if without_first:
            del report["metrics"][0]
        report["health"][0]["verdict"] = "failed"
        report["settings"]["experiments"]["vae"] = {"a": 1}

    a, b = reports.document(), reports.document(change)
    there, back = compare(a, b), compare(b, a)
    assert there.verdict == back.verdict
    for one, two in zip(there.parts, back.parts, strict=True):
        if one.id == "code":
            continue  # its keys name the first stage in the order of A
        mirrored = {entry.key: (entry.b, entry.a, entry.state) for entry in two.entries}
        assert {entry.key: (entry.a, entry.b, entry.state) for entry in one.entries} == mirrored


@pytest.mark.parametrize(
    ("index", "value", "state"),
    [(0, 0.984, "within"), (0, 0.99, "differs"), (1, 0.00415, "within"), (1, 0.005, "differs"), (2, 40.0, "differs")],
)
def test_metrics_are_compared_within_the_tolerance_of_their_quantity(reports, index, value, state):
    comparison = compare(reports.document(), reports.document(with_value(index, value, other_code)))
    key = reports.content()["metrics"][index]["id"]
    assert states(comparison, "metrics")[key] == state
    assert comparison.verdict == ("differs" if state == "differs" else "same")


def test_where_everything_is_given_the_same_the_last_bit_counts(reports):
    comparison = compare(reports.document(), reports.document(with_value(0, math.nextafter(0.98, 1))))
    entry = entries(comparison, "metrics")["mnist/sparse/test/probe_accuracy"]
    assert entry.state == "differs"
    assert entry.tolerance == "exact"
    assert "given the same" in entry.note
    assert entry.a != entry.b, "the two are shown in as many digits as tell them apart"


@pytest.mark.parametrize("what", ["source", "settings_digest", "threads", "seed", "packages"])
def test_a_change_above_a_metric_ends_the_promise_of_equal_bits_below_it_only(reports, what):
    def change(report):
        train = report["provenance"][1]
        train[what] = {"threads": 2, "seed": 7, "packages": {"numpy": "3"}}.get(what, "9" * 64)
        train["artifact"] = report["provenance"][3]["inputs"]["model"] = "e" * 64

    comparison = compare(reports.document(), reports.document(change))
    found = entries(comparison, "metrics")
    assert found["mnist/sparse/test/probe_accuracy"].tolerance == "±0.005"
    assert found["mnist/plain/test/probe_accuracy"].tolerance == "exact"


def test_another_processor_ends_the_promise_of_equal_bits(reports):
    comparison = compare(reports.document(), reports.document(lambda r: r["environment"].update(processor="Xeon")))
    assert {entry.tolerance for entry in comparison.part("metrics").entries} == {
        "±0.005",
        "±1e-05 or 5 %",
        "±0.25",
        "±0.25 or 5 %",
    }
    assert states(comparison, "environment")["processor"] == "told"


def test_whether_both_values_lie_in_both_intervals_is_told(reports):
    comparison = compare(reports.document(), reports.document(with_value(0, 0.982, other_code)))
    entry = entries(comparison, "metrics")["mnist/sparse/test/probe_accuracy"]
    assert (entry.inside, entry.note) == (True, "inside both intervals")
    comparison = compare(reports.document(), reports.document(with_value(0, 0.99, other_code)))
    entry = entries(comparison, "metrics")["mnist/sparse/test/probe_accuracy"]
    assert (entry.inside, entry.note) == (False, "outside an interval")


def test_a_metric_of_one_report_alone_differs(reports):
    comparison = compare(reports.document(lambda r: r["metrics"].pop(0)), reports.document())
    entry = entries(comparison, "metrics")["mnist/sparse/test/probe_accuracy"]
    assert (entry.a, entry.state, entry.note) == (None, "differs", "only in B")


def test_a_model_of_one_report_alone_is_one_entry(reports):
    def change(report):
        report["metrics"] += [reports.metric(f"mnist/vae/test/quantity_{number}", 1.0) for number in range(3)]

    for a, b, texts in ((None, change, (None, "3 metrics")), (change, None, ("3 metrics", None))):
        entry = entries(compare(reports.document(a), reports.document(b)), "metrics")["mnist/vae"]
        assert ((entry.a, entry.b), entry.state) == (texts, "differs")


def test_values_of_single_seeds_beside_a_mean_that_both_have_are_counted_not_listed(reports):
    def several(report):
        record = report["metrics"][0]
        record.update(seed=None, seeds=[0, 1])
        for seed in (0, 1):
            report["metrics"].append({**record, "id": f"{record['id']}/seed={seed}", "seed": seed, "seeds": [seed]})

    comparison = compare(reports.document(), reports.document(several))
    assert comparison.verdict == "same"
    assert comparison.part("metrics").left_out.startswith("2 values of single seeds")
    assert entries(comparison, "settings")["seeds"].b == "[0, 1]"
    both = compare(reports.document(several), reports.document(several))
    assert "mnist/sparse/test/probe_accuracy/seed=1" in states(both, "metrics")


def test_a_changed_health_verdict_differs_and_its_values_are_told(reports):
    comparison = compare(
        reports.document(), reports.document(lambda r: r["health"][0].update(verdict="failed", value=1000))
    )
    entry = entries(comparison, "health")["probe converged: mnist/sparse"]
    assert (entry.a, entry.b, entry.state) == ("passed", "failed", "differs")
    assert entry.note == "value 12 → 1,000; threshold 1,000"


def test_a_claim_differs_by_its_outcome_and_a_sentence_alone_is_told(reports):
    comparison = compare(
        reports.document(), reports.document(lambda r: r["claims"][0].update(sentence="Another sentence."))
    )
    assert states(comparison, "claims") == {"q1a/better": "same"}
    assert states(comparison, "sentences") == {"q1a/better": "told"}
    assert comparison.verdict == "same"
    comparison = compare(reports.document(), reports.document(lambda r: r["claims"][0].update(outcome="worse")))
    assert states(comparison, "claims") == {"q1a/better": "differs"}
    assert entries(comparison, "claims")["q1a/better"].b.startswith("worse: The sparse")


def test_settings_are_told_by_dotted_key(reports):
    def change(report):
        report["profile"] = "thorough"
        report["settings"]["experiments"]["sparse"]["objective"]["weight"] = 0.01
        report["settings"]["experiments"]["vae"] = {"model": {"a": 1, "b": 2}}
        report["evidence"]["q1a"]["evaluations"][0]["shuffles"] = 16
        report["report"]["authors"][0]["name"] = "Ben Example"

    comparison = compare(reports.document(), reports.document(change))
    told = {key: (e.a, e.b) for key, e in entries(comparison, "settings").items() if e.shown}
    assert told == {
        "profile": ("default", "thorough"),
        "report.authors.1.name": ("Ada Example", "Ben Example"),
        "experiments.sparse.objective.weight": ("0.005", "0.01"),
        "experiments.vae": (None, "present"),
        "evaluations.q1a.classification.shuffles": ("8", "16"),
    }
    assert comparison.verdict == "same", "a setting is a cause, no result"


def test_stages_whose_code_changed_in_one_way_are_one_entry(reports):
    comparison = compare(reports.document(), reports.document(other_code))
    (entry,) = comparison.part("code").entries
    assert (entry.a, entry.b, entry.state) == ("a" * 12, "f" * 12, "told")
    assert entry.note == "data/mnist, train/sparse/seed0 and 3 more"


def test_data_are_told_by_their_digests(reports):
    comparison = compare(
        reports.document(), reports.document(lambda r: r["facts"]["mnist"]["digests"].update({"images/test": "f" * 64}))
    )
    assert states(comparison, "data")["mnist.digests.images/test"] == "told"


def test_a_figure_that_draws_something_else_is_told_and_a_missing_one_differs(reports):
    comparison = compare(reports.document(), reports.document(lambda r: r["figures"][0].update(content="f" * 64)))
    assert (states(comparison, "figures"), comparison.verdict) == ({"figures/map-sparse.pdf": "told"}, "same")
    comparison = compare(reports.document(), reports.document(lambda r: r["figures"].clear()))
    assert comparison.verdict == "differs"


@pytest.mark.parametrize(
    ("table", "state"),
    [
        (b"Model,Accuracy,Images\nSparse,0.98,401\nPlain,0.97,400\n", "differs"),
        (b"Model,Accuracy,Images\nSparse,0.98001,400\nPlain,0.97,400\n", "within"),
        (b"Model,Accuracy,Images\nThe sparse one,0.98,400\nPlain,0.97,400\n", "told"),
        (b"Model,Accuracy,Images\nSparse,0.98,400\n", "differs"),
        (b"Model,Share,Images\nSparse,0.98,400\nPlain,0.97,400\n", "differs"),
    ],
)
def test_tables_are_compared_by_what_is_no_metric(reports, table, state):
    comparison = compare(reports.document(), reports.document(files={"accuracy.csv": table}))
    assert [entry.state for entry in comparison.part("tables").entries if entry.state != "same"] == [state]


def test_a_cell_that_holds_a_metric_is_left_to_the_metrics(reports):
    table = b"Model,Accuracy,Images\nSparse,0.99,400\nPlain,0.97,400\n"
    changed = reports.document(with_value(0, 0.99, other_code), files={"accuracy.csv": table})
    comparison = compare(reports.document(), changed)
    assert states(comparison, "tables") == {"accuracy.csv": "within"}
    assert comparison.part("metrics").count("differs") == 1


def test_tables_of_what_is_compared_by_itself_are_left_out(reports):
    comparison = compare(reports.document(), reports.document(files={"settings.csv": b"Setting\nanything\n"}))
    assert "settings.csv" not in states(comparison, "tables")


@pytest.mark.parametrize("data", [b"\xff\xfe", b'Model,"Accuracy\nSparse,0.98'])
def test_a_table_that_cannot_be_read_is_refused(reports, data):
    with pytest.raises(DocumentError, match=r"accuracy\.csv"):
        compare(reports.document(), reports.document(files={"accuracy.csv": data}))


def test_failed_stages_differ(reports):
    comparison = compare(
        reports.document(), reports.document(lambda r: r["failures"].append({"stage": "train/x", "error": "killed"}))
    )
    assert states(comparison, "failures") == {"train/x": "differs"}
    assert comparison.summary() == "The results differ: failed parts (1)."


def test_counts_are_told_in_words(reports):
    comparison = compare(reports.document(), reports.document(with_value(0, 0.99, other_code)))
    assert counts_in_words(comparison.part("metrics")) == "1 differ, 4 the same"
    assert counts_in_words(comparison.part("failures")) == "none"


@given(st.text("ab .,1", max_size=80), st.text("ab .,1", max_size=80))
def test_runs_of_words_make_up_both_texts(a, b):
    found = runs(a, b)
    if found is not None:
        assert "".join(run.a for run in found) == a
        assert "".join(run.b for run in found) == b


def test_a_changed_number_is_one_run():
    found = runs("The mean accuracy of all models is 98.0 % here.", "The mean accuracy of all models is 97.5 % here.")
    assert [(run.a, run.b) for run in found if not run.shared] == [("98.0", "97.5")]


def test_tables_whose_files_were_not_handed_in_are_not_compared(reports):
    """A lone report.json has none; that is no difference, and it is said."""
    bare = reports.document()
    bare = type(bare)(bare.path, "", bare.report, {}, None)
    comparison = compare(reports.document(), bare)
    assert comparison.verdict == "same"
    assert states(comparison, "tables") == {}
    assert comparison.part("tables").left_out.startswith("1 not compared")


def test_a_table_of_one_report_alone_differs(reports):
    comparison = compare(reports.document(), reports.document(lambda r: r["tables"].pop(0)))
    assert (states(comparison, "tables"), comparison.verdict) == ({"accuracy.csv": "differs"}, "differs")


def test_a_delivered_file_that_holds_something_else_is_told_and_one_in_one_report_only_differs(reports):
    comparison = compare(reports.document(), reports.document(lambda r: r["files"][0].update(sha256="f" * 64)))
    assert (states(comparison, "files"), comparison.verdict) == ({"predictions.csv": "told"}, "same")
    (entry,) = comparison.part("files").entries
    assert (entry.a, entry.b) == ("80,000,000 bytes, 0123456789ab", "80,000,000 bytes, ffffffffffff")
    comparison = compare(reports.document(), reports.document(lambda r: r["files"].clear()))
    assert (states(comparison, "files"), comparison.verdict) == ({"predictions.csv": "differs"}, "differs")
