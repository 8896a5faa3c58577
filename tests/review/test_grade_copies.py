"""What reports have in common is told by what it can mean; what everybody got with the assignment is not."""

from __future__ import annotations

from latentpress.review.copies import (
    OF_REFERENCE,
    OTHER_SETTINGS,
    SAME_AUTHORS,
    SAME_FILE,
    SAME_SETTINGS,
    SAME_TEXT,
    Group,
    find_copies,
)
from latentpress.review.traits import Result, Traits


def traits(
    sha256: str, results: dict[str, str] | None = None, authors: str = "", texts: str = "", model: str = "sparse"
) -> Traits:
    """Of a report; ``results``: digest to settings."""
    made = tuple(Result(digest, settings, model, "training") for digest, settings in (results or {}).items())
    return Traits(sha256, {name.casefold(): name for name in authors.split()}, made, {t: t for t in texts.split()})


def groups(found: dict[int, Traits], reference: Traits | None = None) -> list[tuple[str, tuple[int, ...]]]:
    return [(group.kind, group.members) for group in find_copies(found, reference)]


def test_the_same_file_is_told_once_and_not_again_for_all_that_it_holds() -> None:
    one = traits("f", {"x": "s"}, "Ada", "a b c d e")
    assert groups({1: one, 2: one, 3: traits("g")}) == [(SAME_FILE, (1, 2))]


def test_equal_results_need_an_explanation_where_settings_differ() -> None:
    found = {1: traits("1", {"x": "s"}), 2: traits("2", {"x": "t"}), 3: traits("3", {"y": "u"})}
    assert groups(found) == [(OTHER_SETTINGS, (1, 2))]


def test_equal_settings_explain_equal_results() -> None:
    found = {1: traits("1", {"x": "s"}), 2: traits("2", {"x": "s"}, model="renamed")}
    assert groups(found) == [(SAME_SETTINGS, (1, 2))]


def test_what_was_left_as_it_was_handed_out_is_nobodys_copy() -> None:
    reference = traits("r", {"x": "s"})
    # The third has another processor, and so other bytes with the same settings.
    found = {1: traits("1", {"x": "s"}), 2: traits("2", {"x": "s"}), 3: traits("3", {"z": "s"})}
    assert groups(found, reference) == []


def test_the_references_results_under_other_settings_are_told_of_each() -> None:
    found = {1: traits("1", {"x": "t"}), 2: traits("2", {"x": "u"})}
    assert groups(found, traits("r", {"x": "s"})) == [(OF_REFERENCE, (1,)), (OF_REFERENCE, (2,))]


def test_names_of_authors_are_compared_but_for_the_templates() -> None:
    found = {1: traits("1", authors="Ada Example"), 2: traits("2", authors="ADA Example"), 3: traits("3")}
    assert groups(found, traits("r", authors="Example")) == [(SAME_AUTHORS, (1, 2))]


def test_sentences_that_two_share_and_most_others_lack_are_told_with_examples() -> None:
    common = " ".join(f"common{i}" for i in range(9))
    found = {n: traits(str(n), texts=f"{common} own{n}") for n in range(1, 9)}
    found[3] = traits("3", texts=f"{common} a b c d e")
    found[7] = traits("7", texts=f"{common} a b c d f")
    (group,) = find_copies(found, None)
    assert (group.kind, group.members, group.what) == (SAME_TEXT, (3, 7), "4 sentences")
    assert set(group.examples) <= set("abcd")


def test_the_order_in_which_they_were_read_does_not_matter() -> None:
    found = {n: traits(str(n % 5), {f"{n % 3}": f"{n % 2}"}, f"Ada{n % 4}", "a b c d e") for n in range(1, 13)}
    backwards = dict(reversed(found.items()))
    assert find_copies(found, None) == find_copies(backwards, None)
    assert all(isinstance(group, Group) and group.what for group in find_copies(found, None))
