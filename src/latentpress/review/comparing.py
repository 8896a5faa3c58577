"""Two finished reports side by side: what they say, and what they were made of."""

from __future__ import annotations

from latentpress.review.compare_causes import compare_code, compare_data, compare_environment, compare_settings
from latentpress.review.compare_differences import Comparison, Side
from latentpress.review.compare_metrics import compare_metrics
from latentpress.review.compare_results import (
    compare_claims,
    compare_failures,
    compare_figures,
    compare_files,
    compare_health,
)
from latentpress.review.compare_tables import compare_tables
from latentpress.review.document import Document
from latentpress.review.shape import check_shape


def compare(a: Document, b: Document) -> Comparison:
    """Compare two reports.

    Returns:
        Causes first (settings, data, environment, code), then results; all entries, the equal ones too.

    Raises:
        DocumentError: a report.json is not as a build writes it, or a table cannot be read.
    """
    for document in (a, b):
        check_shape(document)
    claims, sentences = compare_claims(a, b)
    parts = [
        compare_settings(a, b),
        compare_data(a, b),
        compare_environment(a, b),
        compare_code(a, b),
        compare_failures(a, b),
        compare_health(a, b),
        claims,
        compare_metrics(a, b),
        compare_tables(a, b),
        compare_figures(a, b),
        compare_files(a, b),
        sentences,
    ]
    return Comparison(_side(a), _side(b), parts)


def _side(document: Document) -> Side:
    return Side(str(document.path), document.sha256, document.title, document.authors)
