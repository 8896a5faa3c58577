"""Measures of codes that models and controls share: their spread, contraction and sparseness."""

from __future__ import annotations

import numpy as np


def code_variance(codes: np.ndarray) -> float:
    """Trace of the codes' covariance, tr Cov(z); codes have shape (n, code)."""
    return float(np.var(codes, axis=0, dtype=np.float64).sum())


def contraction_ratio(norm: dict[str, float | None], variance: float) -> dict[str, float | None]:
    """ρ = ‖J‖²/tr Cov(z), which no rescaling of the code changes.

    Args:
        norm: mean squared norm of the Jacobian with its interval, as the fields of a metric.
        variance: tr Cov(z), taken as known: it rests on the whole test split.

    Returns:
        The same fields of ρ; None for codes that never vary.
    """
    return {key: None if value is None or variance == 0 else value / variance for key, value in norm.items()}


def hoyer(rows: np.ndarray) -> np.ndarray:
    r"""Hoyer's sparseness of each row (Hoyer, JMLR 5, 2004).

    .. math:: \frac{\sqrt d - \lVert z\rVert_1 / \lVert z\rVert_2}{\sqrt d - 1}

    Args:
        rows: (n, d), d ≥ 2.

    Returns:
        float64 (n,): 0 where all entries are equal in size, 1 where one alone is not zero. A row of zeros,
        which has no shape at all, counts as 1.
    """
    values = np.abs(rows.astype(np.float64))
    root = np.sqrt(values.shape[1])
    length = np.sqrt(np.sum(values**2, axis=1))
    ratio = np.divide(values.sum(axis=1), length, out=np.ones(len(values)), where=length > 0)
    return np.asarray((root - ratio) / (root - 1))
