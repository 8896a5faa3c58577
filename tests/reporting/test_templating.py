r"""Jinja for LaTeX: what is typed in a template is TeX, what comes from elsewhere is escaped once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from latentpress.errors import TemplateError
from latentpress.reporting.latex import Tex, escape
from latentpress.reporting.templating import HTML_FILTERS, load, render, source_lines

Renderer = Callable[..., str]


@pytest.fixture
def tex(tmp_path: Path) -> Renderer:
    """Renders a template that is typed in the test."""

    def run(source: str, **context: Any) -> str:
        path = tmp_path / "report_templates" / "x" / "a.tex.j2"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(source, encoding="utf-8")
        macros = tmp_path / "macros.tex.j2"
        macros.write_text("<% macro bold(text) %>\\textbf{<< text >>}<% endmacro %>", encoding="utf-8")
        base = tmp_path / "base.tex.j2"
        base.write_text("[<% block body %><< title >><% endblock %>]", encoding="utf-8")
        environment = load({"template": path, "macros": macros, "base": base}, marked="template")
        return str(source_lines(render(environment, "template", context))[0])

    return run


EXPRESSIONS = (
    "<< x >>",
    "<< x ~ '' >>",
    "<< '' ~ x ~ '$y$' >>",
    "<< [x, x] | join(', ') >>",
    "<< '%s' | format(x) >>",
    "<< '%s' % x >>",
    "<< x | trim >>",
    "<< x | upper | lower >>",
    "<< x | replace('@', '#') >>",
    "<< x if x else 'none' >>",
    "<< {'k': x}.k >>",
    "<% set y = x %><< y >>",
    "<% set y %><< x >><% endset %><< y >>",
    "<% set y %><< x >><% endset %><< y ~ x >>",
    "<% for y in [x] %><< y >><% endfor %>",
    "<% macro m(y) %><< y >><% endmacro %><< m(x) >>",
    "<% macro m() %><< caller() >><% endmacro %><% call m() %><< x >><% endcall %>",
    "<% filter upper %>y<< x >><% endfilter %>",
    "<% from 'macros' import bold %><< bold(x) >>",
    "<% import 'macros' as m %><< m.bold(x) >>",
    "<% extends 'base' %><% block body %><< super() >><< x >><% endblock %>",
    "<% with y = x %><< y >><% endwith %>",
)


@pytest.mark.parametrize("source", EXPRESSIONS)
def test_no_expression_lets_a_users_string_become_tex(tex: Renderer, source: str) -> None:
    typed = r"\evil{%$&_#^~}"
    found = tex(source, x=typed, title=typed)
    assert "\\evil" not in found and "\\EVIL" not in found.upper().replace("\\TEXTBACKSLASH", "")


@pytest.mark.parametrize("source", EXPRESSIONS)
def test_no_expression_escapes_twice(tex: Renderer, source: str) -> None:
    found = tex(source, x="50%", title="50%").lower()
    assert r"50\%" in found and r"\textbackslash" not in found


@pytest.mark.parametrize(
    "source",
    [
        s
        for s in EXPRESSIONS
        if "lower" not in s
        and "join" not in s
        and "filter" not in s
        and "format" not in s
        and "%s" not in s
        and "trim" not in s
        and "replace" not in s
    ],
)
def test_tex_passes_through(tex: Renderer, source: str) -> None:
    assert r"\emph{a}" in tex(source, x=Tex(r"\emph{a}"), title=Tex(r"\emph{a}"))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30, deadline=None)
@given(st.text(max_size=20))
def test_any_string_is_escaped_as_escape_does(tex: Renderer, typed: str) -> None:
    assert tex("<< x >>", x=typed) == escape(typed)


def test_literals_are_tex_and_keep_their_backslashes(tex: Renderer) -> None:
    assert tex(r"""<< "\alpha & \\beta \n" >>|<< "it's" >>|<< 'a "b"' >>""") == r'''\alpha & \beta \n|it's|a "b"'''
    assert tex('<< "a\\"b" >>') == 'a"b'


def test_blocks_leave_no_blank_lines(tex: Renderer) -> None:
    assert tex("a\n  <% if true %>\n  b\n  <% endif %>\nc\n") == "a\n  b\nc\n"


def test_html_filters_are_gone(tex: Renderer) -> None:
    for name in HTML_FILTERS:
        with pytest.raises(TemplateError, match="No filter named"):
            tex(f"<< x | {name} >>", x="a")


@pytest.mark.parametrize(
    ("source", "line", "what"),
    [
        ("a\n<< titel >>", 2, "'titel' is undefined"),
        ("a\n\n<< x.missing >>", 3, "no attribute 'missing'"),
        ("<% if %>", 1, "Expected an expression"),
        ("a\n<% for y in x %>", 2, "Unexpected end of template"),
        ("\n<< 1 / 0 >>", 2, "division by zero"),
        ("\n\n\n<< 0.5 >>", 4, "bare number"),
        ("<< none >>", 1, "None"),
        ("\n<< fails() >>", 2, "no id of that name"),
    ],
)
def test_errors_name_file_line_and_fault(tex: Renderer, source: str, line: int, what: str) -> None:
    def fails() -> str:
        raise TemplateError("no id of that name", "Use another.")

    with pytest.raises(TemplateError) as caught:
        tex(source, x="a", title="b", fails=fails)
    assert caught.value.message.startswith(f"report_templates/x/a.tex.j2, line {line}: ")
    assert what in caught.value.message
    assert caught.value.hint


def test_a_misspelt_name_is_met_with_the_near_one(tex: Renderer) -> None:
    with pytest.raises(TemplateError, match="Did you mean title"):
        tex("<< titel >>", title="x")


def test_an_unknown_template_is_named(tex: Renderer) -> None:
    with pytest.raises(TemplateError, match="no template 'header'"):
        tex("<% include 'header' %>")


def test_a_template_that_is_no_utf8_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.tex.j2"
    path.write_bytes(b"caf\xe9")
    with pytest.raises(TemplateError, match="not UTF-8"):
        render(load({"template": path}), "template", {})


def test_each_line_knows_the_template_line_that_it_came_from(tmp_path: Path) -> None:
    path = tmp_path / "a.tex.j2"
    path.write_text("one\n<% for x in [1, 2] %>\nrow << x >>\n<% endfor %>\n\n<< long >>\nlast\n", encoding="utf-8")
    text, lines = source_lines(render(load({"template": path}, marked="template"), "template", {"long": Tex("a\nb")}))
    assert text == "one\nrow 1\nrow 2\n\na\nb\nlast\n"
    assert lines == [1, 3, 3, 5, 6, 6, 7, 8]
