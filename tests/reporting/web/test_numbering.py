"""Headings, floats and equations are counted as LaTeX counts them."""

from __future__ import annotations

from typing import Any

from latentpress.reporting.web import dialect
from latentpress.reporting.web.numbering import number, slug

TEX = r"""
\unnumberedsection{Before}
\section{One}\label{sec:one}
\subsection{Inner}
\subsubsection{Innermost}\label{sec:deep}
\begin{figure}
\fitgraphic{1\linewidth}{figures/a.pdf}
\caption{A figure.}\label{fig:a}
\end{figure}
\begin{equation} x = 1 \end{equation}
\begin{equation} y = 2 \label{eq:y} \end{equation}
\section{Two}
\begin{figure}
\begin{subfigure}[t]{0.4900\linewidth}\caption{left}\label{fig:b-a}\end{subfigure}
\begin{subfigure}[t]{0.4900\linewidth}\caption{right}\label{fig:b-b}\end{subfigure}
\caption{Both.}\label{fig:b}
\end{figure}
\begin{table}\caption{T.}\label{tab:t}\begin{tabular}{l}a\\\end{tabular}\end{table}
\subsection{Inner}
\appendix
\section{Extra}\label{sec:extra}
\subsection{More}\label{sec:more}
{\footnotesize\begin{longtable}{l}\caption{Long.}\label{tab:long}\\a\\\end{longtable}}
"""


def test_numbers_are_those_of_the_pdf() -> None:
    found = number(dialect.read(TEX))
    numbers = {label: place.number for label, place in found.labels.items()}
    assert numbers == {
        "sec:one": "1", "sec:deep": "1.1.1", "fig:a": "1", "eq:y": "2", "fig:b": "2", "fig:b-a": "2a", "fig:b-b": "2b",
        "tab:t": "1", "sec:extra": "A", "sec:more": "A.1", "tab:long": "2",
    }  # fmt: skip
    assert [place.number for place in found.headings] == ["", "1", "1.1", "1.1.1", "2", "2.1", "A", "A.1"]


def test_every_address_is_given_once() -> None:
    found = number(dialect.read(TEX + TEX.replace("label{", "label{other-")))
    ids = [place.id for place in found.places.values()]
    assert len(ids) == len(set(ids))


def test_references_are_links_with_the_number(converter: Any) -> None:
    _, page = converter(TEX + r"See Figure~\ref{fig:b}, \ref{fig:b-b} and \eqref{eq:y}.")
    assert '<a class="ref" href="#fig-b">2</a>' in page
    assert '<a class="ref" href="#fig-b-b">2b</a>' in page
    assert '<a class="ref" href="#eq-y">(2)</a>' in page
    for target in ("fig-b", "fig-b-b", "eq-y"):
        assert page.count(f'id="{target}"') == 1


def test_an_address_has_plain_characters_only() -> None:
    assert slug('fig:"><script>') == "fig-script"
    assert slug("Überblick & mehr") == "uberblick-mehr"
    assert slug("小明") == "part"
