"""Tables keep every cell, tell headers from values, and say which of them can be sorted."""

from __future__ import annotations

import re
from typing import Any

from latentpress.reporting.latex import Tex
from latentpress.reporting.tables import Table
from latentpress.reporting.web.tabular import alignments


def cells(page: str) -> list[list[str]]:
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", page, re.DOTALL)
    return [[re.sub(r"<[^>]*>", "", cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)] for row in rows]


def test_a_table_of_the_project_keeps_its_cells_and_headers(converter: Any) -> None:
    rows = [
        [Tex("Sparse"), Tex("0.1"), Tex(r"$-0.5$")],
        [Tex("Plain"), Tex("0.2"), Tex(r"$\infty$")],
        [Tex("PCA")] + [Tex("--")] * 2,
    ]
    table = Table([Tex("Model"), Tex("MSE"), Tex(r"$\alpha$")], rows, ["l", "r", "r"], rules=(2,))
    _, page = converter(table.float(Tex("Results."), "tab:x"))
    assert cells(page)[1:] == [["Sparse", "0.1", "\u22120.5"], ["Plain", "0.2", "∞"], ["PCA", "–", "–"]]
    assert page.count('scope="col"') == 3
    assert page.count('scope="row"') == 3
    assert '<span class="label">Table 1.</span> Results.' in page
    assert 'class="sortable"' in page
    assert 'tr class="space"' in page


def test_specifications_of_columns() -> None:
    assert alignments(r"@{}l*{3}{r}@{}") == ["l", "r", "r", "r"]
    assert alignments(r"@{}>{\raggedright}p{.46\linewidth}rr>{\raggedright\arraybackslash}X@{}") == ["l", "r", "r", "l"]


def test_a_table_over_pages_has_one_header_and_groups(converter: Any) -> None:
    _, page = converter(
        r"""\begin{longtable}{@{}>{\raggedright}p{.46\linewidth}r@{}}
        \caption{Health checks.}\label{tab:health}\\
        \toprule Check & Value \\ \midrule \endfirsthead
        \toprule Check & Value \\ \midrule \endhead
        \midrule \multicolumn{2}{r@{}}{\emph{continued on the next page}}\\ \endfoot
        \bottomrule \endlastfoot
        \multicolumn{2}{@{}p{\linewidth}@{}}{\textbf{nothing is missing}\newline Against gaps.} \\
        \quad Sparse & 0 \\[.5\baselineskip]
        \multicolumn{2}{@{}p{\linewidth}@{}}{\textbf{outputs vary}} \\
        \quad Sparse & 0.9 \\
        \end{longtable}"""
    )
    assert cells(page) == [
        ["Check", "Value"], ["nothing is missingAgainst gaps."], ["Sparse", "0"], ["outputs vary"], ["Sparse", "0.9"],
    ]  # fmt: skip
    assert page.count("<tbody>") == 2
    assert page.count('scope="rowgroup"') == 2
    assert "continued" not in page
    assert "sortable" not in page


def test_rows_that_take_over_from_those_above_are_not_sorted(converter: Any) -> None:
    body = r"Sparse & 0.2 & 1 \\ & 0.4 & 2 \\ Plain & 0.2 & 3 \\"
    _, page = converter(rf"\begin{{tabular}}{{lrr}}\toprule A & B & C \\ \midrule {body} \bottomrule\end{{tabular}}")
    assert cells(page)[2] == ["", "0.4", "2"]
    assert "sortable" not in page


def test_rows_get_the_address_of_their_stage(converter: Any) -> None:
    _, page = converter(
        r"\begin{tabular}{ll}\toprule Stage & Code \\ \midrule \code{train/\allowbreak{}sparse} & ab \\\end{tabular}",
        row_id=lambda text: "provenance-3" if text == "train/sparse" else "",
    )
    assert '<tr id="provenance-3">' in page
