r"""Jinja for LaTeX: what is typed in a template is TeX, what comes from elsewhere is escaped.

- Delimiters ``<% %>``, ``<< >>``, ``<# #>``, which LaTeX leaves alone.
- String literals in a template are TeX too: ``caption="At $\alpha = 0.5$"``. A backslash in one stays a
  backslash (``\\`` is read as one as well), so that ``"\alpha"`` is not the bell character and "lpha".
- ``~`` joins and escapes; a macro, a set block and ``super()`` give `Tex`, so that nothing is escaped twice.
- Undefined names, None and bare floats are errors.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import jinja2
from jinja2 import nodes
from jinja2.lexer import TOKEN_STRING, Lexer
from jinja2.visitor import NodeTransformer

from latentpress.errors import LatentPressError, TemplateError
from latentpress.reporting.latex import Tex, finalize, join

# Filters that give HTML, or strings that Jinja takes for safe HTML.
HTML_FILTERS = ("e", "escape", "forceescape", "safe", "striptags", "tojson", "urlencode", "urlize", "xmlattr")

# Around a line number of the template, in text that is rendered; taken out again by `source_lines`.
MARK = "\ufdd0"
_MARKS = re.compile(f"{MARK}(\\d+){MARK}")
_LEADING_MARKS = re.compile(f"(?:{MARK}\\d+{MARK})+")


class _TexLexer(Lexer):
    """Jinja's lexer, but for backslashes in string literals, which are TeX's here and not Python's."""

    def wrap(self, stream: Any, name: str | None = None, filename: str | None = None) -> Iterator[Any]:
        def unescaped() -> Iterator[tuple[int, str, str]]:
            for line, token, value in stream:
                if token == TOKEN_STRING:
                    # Jinja will undo what is doubled here; "\\alpha" and "\alpha" both end as \alpha.
                    value = re.sub(r"\\(\\|(?![\"'\\]))", r"\\\\", value)
                yield line, token, value

        return super().wrap(unescaped(), name, filename)


class _Typed(NodeTransformer):
    """Turns string literals into calls that make them `Tex`, and ``~`` into a join that escapes."""

    def visit_Const(self, node: nodes.Const) -> nodes.Node:  # noqa: N802  # Jinja names it after the node
        if not isinstance(node.value, str):
            return node
        return _environment_call("tex", [node], node.lineno)

    def visit_Concat(self, node: nodes.Concat) -> nodes.Node:  # noqa: N802
        parts = [self.visit(part) for part in node.nodes]
        return _environment_call("join_tex", parts, node.lineno)

    def _template_name(self, node: nodes.Node) -> nodes.Node:
        return node  # the name of another template is no TeX

    visit_Extends = visit_Import = visit_FromImport = visit_Include = _template_name  # noqa: N815


class _Marked(NodeTransformer):
    """Puts line numbers into the text of a template, at the start of each line outside macros and set blocks."""

    def visit_Output(self, node: nodes.Output) -> nodes.Node:  # noqa: N802
        children: list[nodes.Expr] = []
        for child in node.nodes:
            if isinstance(child, nodes.TemplateData):
                children.append(nodes.TemplateData(_mark_lines(child.data, child.lineno), lineno=child.lineno))
            else:
                mark = f"{MARK}{child.lineno}{MARK}"
                children += [nodes.TemplateData(mark, lineno=child.lineno), child]
        node.nodes = children
        return node

    def _unmarked(self, node: nodes.Node) -> nodes.Node:
        return node  # its text is a value, which may be compared or recorded

    visit_Macro = visit_CallBlock = visit_AssignBlock = visit_FilterBlock = _unmarked  # noqa: N815


def _mark_lines(data: str, first: int) -> str:
    lines = data.split("\n")
    return "\n".join(f"{MARK}{first + index}{MARK}{line}" for index, line in enumerate(lines))


def _environment_call(name: str, arguments: list[Any], line: int) -> nodes.Call:
    function = nodes.EnvironmentAttribute(name, lineno=line)
    return nodes.Call(function, arguments, [], None, None, lineno=line)


class TexEnvironment(jinja2.Environment):
    """The Jinja environment of this project; see the module's text for what differs."""

    concat = staticmethod(lambda parts: Tex("".join(parts)))
    tex = Tex

    def __init__(self, loader: jinja2.BaseLoader, *, marked: str = "") -> None:
        """Args: loader; marked: the name of the template whose lines are traced in what it renders."""
        super().__init__(
            block_start_string="<%",
            block_end_string="%>",
            variable_start_string="<<",
            variable_end_string=">>",
            comment_start_string="<#",
            comment_end_string="#>",
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            undefined=jinja2.StrictUndefined,
            finalize=finalize,
            autoescape=False,
            loader=loader,
        )
        self.marked = marked
        for name in HTML_FILTERS:
            self.filters.pop(name, None)

    @staticmethod
    def join_tex(*parts: object) -> Tex:
        """What ``a ~ b`` gives."""
        return join(Tex(""), [finalize(part) for part in parts])

    @property
    def lexer(self) -> Lexer:
        """The lexer, one for each environment."""
        if "_tex_lexer" not in self.__dict__:
            self.__dict__["_tex_lexer"] = _TexLexer(self)
        return self.__dict__["_tex_lexer"]  # type: ignore[no-any-return]

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        tree: nodes.Template = _Typed().visit(super()._parse(source, name, filename))
        if self.marked and name == self.marked:
            tree = _Marked().visit(tree)
        return tree


def load(files: Mapping[str, Path], *, marked: str = "") -> TexEnvironment:
    """An environment that finds a template by its label in `files`, or by the last two parts of its path."""
    names = {f"{path.parent.name}/{path.name}": path for path in files.values()} | dict(files)

    def source(name: str) -> tuple[str, str, Callable[[], bool]] | None:
        path = names.get(name)
        if path is None:
            return None
        try:
            return path.read_text(encoding="utf-8"), shown_path(path), lambda: True
        except UnicodeDecodeError as error:
            raise TemplateError(
                f"{shown_path(path)}: not UTF-8: {error.reason} at byte {error.start}.",
                "Save the template as UTF-8.",
            ) from error

    return TexEnvironment(jinja2.FunctionLoader(source), marked=marked)


def shown_path(path: Path) -> str:
    """A template's path as its user knows it, without the folders of this machine."""
    parts = path.parts
    start = parts.index("report_templates") if "report_templates" in parts else max(len(parts) - 2, 0)
    return "/".join(parts[start:])


def render(environment: TexEnvironment, name: str, context: Mapping[str, Any]) -> Tex:
    """Render one template.

    Raises:
        TemplateError: with file, line, what is wrong and the way out; also for errors that functions of the
            context raise as TemplateError without a place.
    """
    files: set[str] = set()
    try:
        template = environment.get_template(name)
        files.add(template.filename or name)
        return Tex(template.render(context))
    except jinja2.TemplateSyntaxError as error:
        raise _syntax_error(error, name) from error
    except jinja2.TemplateNotFound as error:
        raise TemplateError(
            f"{shown_path_of(environment, name)}: there is no template {error.name!r}.",
            'The base is called "base", the macros "macros".',
        ) from error
    except TemplateError as error:
        place = _place(error)
        if not place or error.message.startswith(place.split(",")[0]):
            raise
        raise TemplateError(f"{place}: {error.message}", error.hint) from error
    except LatentPressError:
        raise
    except jinja2.UndefinedError as error:
        hint = _near_name(str(error), [*context, *environment.globals])
        raise TemplateError(f"{_place(error) or name}: {error.message}.", hint) from error
    except Exception as error:
        # Whatever a template's expression raises is its author's to mend: 1/0, a wrong argument, a wrong type.
        place = _place(error)
        if not place:
            raise
        raise TemplateError(f"{place}: {type(error).__name__}: {error}", "Mend the expression on that line.") from error


def _syntax_error(error: jinja2.TemplateSyntaxError, name: str) -> TemplateError:
    return TemplateError(
        f"{error.filename or error.name or name}, line {error.lineno}: {(error.message or '').rstrip('.')}.",
        "Statements stand in <% %>, values in << >>, comments in <# #>.",
    )


def check_syntax(path: Path) -> None:
    """Read one template without rendering it.

    Raises:
        TemplateError: it is not UTF-8, or its statements cannot be read.
    """
    environment = load({"template": path})
    try:
        environment.get_template("template")
    except jinja2.TemplateSyntaxError as error:
        raise _syntax_error(error, "template") from error


def shown_path_of(environment: TexEnvironment, name: str) -> str:
    """The file name of a template, for messages."""
    try:
        return environment.get_template(name).filename or name
    except jinja2.TemplateError:
        return name


def _place(error: BaseException) -> str:
    """``file, line n`` of the innermost template line in a traceback; Jinja rewrites its frames to show them."""
    place = ""
    trace = error.__traceback__
    while trace is not None:
        name = trace.tb_frame.f_code.co_filename
        if name.endswith((".j2", ".tex")):
            place = f"{name}, line {trace.tb_lineno}"
        trace = trace.tb_next
    return place


def _near_name(message: str, names: list[str]) -> str:
    match = re.search(r"'([^']+)' is undefined", message)
    near = difflib.get_close_matches(match[1], names, n=3) if match else []
    if near:
        return f"Did you mean {' or '.join(near)}?"
    return "The names that a template may use are listed in docs/templates.md."


def source_lines(marked: str) -> tuple[Tex, list[int]]:
    """Take the line marks out of rendered text.

    Returns:
        The text, and for each of its lines the line of the template that it came from (0 where unknown).
    """
    lines: list[str] = []
    origins: list[int] = []
    last = 0
    for line in marked.split("\n"):
        leading = _LEADING_MARKS.match(line)
        # Of several marks before the first character, the last is where that character stood.
        numbers = _MARKS.findall(leading[0] if leading else line)
        last = int(numbers[-1 if leading else 0]) if numbers else last
        origins.append(last)
        lines.append(_MARKS.sub("", line))
    return Tex("\n".join(lines)), origins
