"""Sentences that state a result, computed from the result.

Each claim has its data (metric ids), its test, and wordings for better, worse, no difference shown and not
testable. Templates call them by name: ``claim("accuracy_difference", a="contractive", b="sparse", data="mnist")``.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from latentpress.errors import TemplateError
from latentpress.reporting import (
    claims_calibration,
    claims_comparing,
    claims_denoising,
    claims_describing,
    claims_faults,
    claims_latent,
    claims_paths,
    claims_published,
    claims_samples,
    claims_training,
)
from latentpress.reporting.claim_base import DESCRIPTIVE, NOT_TESTABLE, Claim, Look, NotTestable
from latentpress.reporting.latex import Tex, escape

CLAIMS: dict[str, Callable[..., Claim]] = {
    function.__name__: function
    for function in (
        claims_comparing.compare,
        claims_comparing.reconstruction_against,
        claims_comparing.accuracy_difference,
        claims_comparing.contraction_reduced,
        claims_comparing.sparser,
        claims_comparing.code_steadier,
        claims_calibration.calibrated,
        claims_calibration.probabilities_better,
        claims_paths.interpolation_difference,
        claims_latent.path_midpoint,
        claims_latent.path_evenness,
        claims_latent.path_classes,
        claims_latent.path_difference,
        claims_comparing.embedding_ranking,
        claims_samples.samples_near_faces,
        claims_samples.samples_varied,
        claims_samples.bound_difference,
        claims_samples.factors_told_apart,
        claims_denoising.denoised_against,
        claims_denoising.above_controls,
        claims_denoising.beats_input,
        claims_published.against_published,
        claims_describing.threshold,
        claims_describing.codes_sparse,
        claims_describing.active_share_by_level,
        claims_describing.penalty_matches_jacobian,
        claims_paths.interpolation_weakest,
        claims_describing.terms_match,
        claims_describing.dimensions_used,
        claims_describing.overfitting,
        claims_describing.traversal_rank,
        claims_describing.probe_trustworthy,
        claims_faults.fault_caught,
        claims_faults.met_by_scale,
        claims_training.early_stopping,
    )
}


def in_short(
    look: Look, *, parts: Sequence[tuple[str, Mapping[str, Any], Mapping[str, str]]], start: str = "In short"
) -> Claim:
    """A conclusion in one sentence, put together from the outcomes of other claims.

    Args:
        look: the section's metrics.
        parts: of each claim its name, its fields, and what to say for each outcome that it may have.
        start: what stands before the colon.

    Raises:
        TemplateError: there are no words for the outcome that a claim has.
    """
    said, tests = [], []
    for name, fields, words in parts:
        made = make(look, str(name), fields)
        if made.outcome not in words:
            raise TemplateError(
                f"the conclusion has no words for the outcome {made.outcome!r} of the claim {str(name)!r}.",
                f"It has words for {', '.join(words) or 'none'}.",
            )
        said.append(Tex(words[made.outcome]))
        tests.append(made.test)
    sentence = Tex(f"{start if isinstance(start, Tex) else escape(start)}: {'; '.join(said)}.")
    return Claim(sentence, tuple(look.used), "; ".join(dict.fromkeys(tests)), DESCRIPTIVE)


CLAIMS["in_short"] = in_short


def make(look: Look, name: str, fields: Mapping[str, Any]) -> Claim:
    """Compute one claim.

    Raises:
        TemplateError: an unknown claim, wrong fields, or an id that nothing measures.
    """
    if name not in CLAIMS:
        near = difflib.get_close_matches(name, CLAIMS, n=3)
        raise TemplateError(
            f"there is no claim {name!r}.",
            f"Did you mean {', or '.join(near)}?" if near else f"Claims: {', '.join(CLAIMS)}.",
        )
    try:
        return CLAIMS[name](look, **fields)
    except NotTestable as reason:
        sentence = Tex(rf"\untestable{{Not testable: {escape(str(reason))}.}}")
        return Claim(sentence, tuple(look.used), "none", NOT_TESTABLE)
    except TypeError as error:
        if "argument" not in str(error):
            raise
        raise TemplateError(
            f"claim {name!r}: {error}.", "docs/writing-templates.md lists the fields of each claim."
        ) from error
