"""A computed sentence is found on the pages however lines, pages and figures break it, and only if it is there."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from latentpress.review.sentences import is_printed, letters

SENTENCE = "The reconstruction error is lower, and so better, for the sparse autoencoder (0.0041 against 0.0045)."


@given(st.integers(0, len(SENTENCE)), st.integers(0, 6))
def test_a_sentence_that_a_page_or_pages_of_figures_interrupt_is_found(cut: int, figures: int) -> None:
    first = f"What came before. {SENTENCE[:cut]}\n12"
    second = f"A running head\n{SENTENCE[cut:]} What follows."
    pages = [first, *["Figure 3. Something else."] * min(figures, 5), second]
    assert is_printed(SENTENCE, [letters(page) for page in pages])


@given(st.sampled_from([index for index, sign in enumerate(SENTENCE) if sign.isalnum()]))
def test_a_sentence_with_another_letter_or_digit_is_not(place: int) -> None:
    other = SENTENCE[:place] + ("8" if SENTENCE[place] != "8" else "9") + SENTENCE[place + 1 :]
    assert not is_printed(SENTENCE, [letters(f"Before. {other} After."), letters(f"Before. {other} After.")])


def test_hyphens_ligatures_and_spaces_are_no_difference() -> None:
    page = SENTENCE.replace("recons", "recon-\ns").replace("autoenc", "auto\ufffeenc").replace(" against", "\nagainst")
    assert is_printed(SENTENCE, [letters(page)])
    assert is_printed("It is sufficient.", [letters("It is su\ufb03cient.")])
