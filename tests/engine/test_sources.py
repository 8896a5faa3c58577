from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from latentpress.engine import packages
from latentpress.engine.fingerprint import source_closure
from latentpress.engine.sources import SourceCache, Sources, find_packages
from latentpress.engine.syntax import parse
from latentpress.errors import StageError


def lay_out(root: Path, **modules: str) -> None:
    """Write modules; ``a__b`` is the file ``a/b.py``."""
    for name, source in {"p____init__": "", **modules}.items():
        path = root / f"{name.replace('____init__', '/__init__').replace('___', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(source))


def closure(root: Path, module: str, *roots: str) -> set[str]:
    return set(source_closure(module, roots, [root], ["p"]).modules)


@pytest.mark.parametrize(
    ("statement", "reached"),
    [
        ("import p.a", {"p.a"}),
        ("import p.s.b", {"p.s", "p.s.b"}),
        ("from p import a", {"p.a"}),
        ("from p.s import b", {"p.s", "p.s.b"}),
        ("from p.s.b import thing", {"p.s", "p.s.b"}),
        ("from . import a", {"p.a"}),
        ("from .s import b as other", {"p.s", "p.s.b"}),
        ("from .a import *", {"p.a"}),
        ("from .s import *", {"p.s", "p.s.b"}),
        ("def f():\n    import p.a", {"p.a"}),
        ("class C:\n    def f(self):\n        from .s.b import x", {"p.s", "p.s.b"}),
        ("try:\n    import p.a\nexcept ImportError:\n    from p.s import b", {"p.a", "p.s", "p.s.b"}),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import p.a", set()),
        ("import typing\nif typing.TYPE_CHECKING:\n    import p.a\nelse:\n    import p.s.b", {"p.s", "p.s.b"}),
        ("import json, os.path", set()),
    ],
)
def test_every_import_that_can_run_is_followed(tmp_path: Path, statement: str, reached: set[str]) -> None:
    lay_out(tmp_path, p___m=statement, p___a="", p___s____init__="", p___s___b="")
    assert closure(tmp_path, "p.m") == {"p", "p.m"} | reached


def test_imports_are_followed_through_modules_packages_and_circles(tmp_path: Path) -> None:
    lay_out(
        tmp_path,
        p____init__="from p import deep",
        p___deep="",
        p___m="from p import a",
        p___a="from p import m",
        p___z="",
    )
    assert closure(tmp_path, "p.m") == {"p", "p.m", "p.a", "p.deep"}


def test_relative_imports_climb(tmp_path: Path) -> None:
    lay_out(tmp_path, p___s____init__="from . import b", p___s___b="from .. import a", p___a="")
    assert closure(tmp_path, "p.s.b") == {"p", "p.s", "p.s.b", "p.a"}


def test_roots_are_part_of_the_closure(tmp_path: Path) -> None:
    lay_out(tmp_path, p___m="", p___vae="from p import losses", p___losses="", p___sparse="")
    assert closure(tmp_path, "p.m", "p.vae") == {"p", "p.m", "p.vae", "p.losses"}


def test_a_module_that_is_missing_is_noticed_when_it_is_written(tmp_path: Path) -> None:
    lay_out(tmp_path, p___m="try:\n    import p.fast\nexcept ImportError:\n    pass")
    before = source_closure("p.m", (), [tmp_path], ["p"])
    lay_out(tmp_path, p___fast="")
    assert source_closure("p.m", (), [tmp_path], ["p"]).digest != before.digest


def test_a_stage_module_that_is_missing_is_an_error_that_names_it(tmp_path: Path) -> None:
    lay_out(tmp_path)
    with pytest.raises(StageError, match=r"module p\.gone is not found"):
        closure(tmp_path, "p.gone")


def test_a_syntax_error_is_told_with_file_and_line(tmp_path: Path) -> None:
    lay_out(tmp_path, p___m="x = 1\ndef f(:\n")
    with pytest.raises(StageError, match=r"m\.py, line 2"):
        closure(tmp_path, "p.m")


def test_an_expression_too_deep_for_python_is_told_with_the_file(tmp_path: Path) -> None:
    lay_out(tmp_path, p___m=f"x = {' + '.join(['1'] * 30000)}")
    with pytest.raises(StageError, match=r"m\.py: an expression is nested too deeply"):
        closure(tmp_path, "p.m")


def test_a_star_import_depends_on_no_folder_without_code(tmp_path: Path) -> None:
    lay_out(tmp_path, p___m="from .s import *", p___s____init__="", p___s___b="")
    before = closure(tmp_path, "p.m")
    for folder in ("__pycache__", "data/deep"):
        (tmp_path / "p" / "s" / folder).mkdir(parents=True)
    (tmp_path / "p" / "s" / "data" / "table.csv").write_text("x")
    assert closure(tmp_path, "p.m") == before
    (tmp_path / "p" / "s" / "data" / "deep" / "code.py").write_text("")
    assert closure(tmp_path, "p.m") == before | {"p.s.data"}


def test_modules_beside_the_package_are_the_project_s_and_installed_ones_are_not(tmp_path: Path) -> None:
    beside = {"helper": "import p.a", "kit____init__": "", "data/x": "", "p___a": ""}
    lay_out(tmp_path, p___m="import helper, kit, data, json", **beside)
    assert closure(tmp_path, "p.m") == {"p", "p.m", "helper", "kit", "p.a"}
    installed = tmp_path / "lib" / "site-packages"
    lay_out(installed, p___m="import helper, kit, data, json", **beside)
    assert closure(installed, "p.m") == {"p", "p.m"}


CODE = '''
import os
def f(a, b=1):
    """What it does."""
    return a + b  # the sum
class C:
    """A class."""
'''


@pytest.mark.parametrize(
    "same",
    [
        CODE.replace("# the sum", "# of both"),
        CODE.replace("What it does.", "Something\n\n    else."),
        CODE.replace('    """What it does."""\n', ""),
        CODE.replace("a + b", "(a\n            + b)"),
        CODE.replace("import os", '"""A module docstring."""\nimport os'),
        CODE.replace('    """A class."""', "    pass"),
        CODE.replace("import os", 'import os\n"""What it is for."""'),
        CODE.replace("    return", "    'no docstring, and never run'\n    return"),
        "\n\n\n" + CODE,
    ],
)
def test_comments_docstrings_and_layout_do_not_count(same: str) -> None:
    assert parse(same.encode(), "x").code == parse(CODE.encode(), "x").code


@pytest.mark.parametrize(
    "block",
    [
        "class C:\n    x: int = 1\n{}\n    y: int = 2\n",
        "if x:\n    f()\n{}\nelse:\n    g()\n{}\n",
        "try:\n{}\n    f()\nexcept OSError:\n{}\n    g()\nfinally:\n    h()\n{}\n",
        "for x in y:\n    f()\n{}\n",
        "with x:\n{}\n    f()\n",
        "match x:\n    case 1:\n        f()\n    {}\n",
        "async def f():\n    def g():\n        return 1\n{}\n    return g\n",
    ],
)
def test_a_string_that_stands_alone_does_not_count_wherever_it_stands(block: str) -> None:
    without = parse(block.replace("{}", "").encode(), "x").code
    with_text = {parse(block.replace("{}", f"    {text}").encode(), "x").code for text in ("'a'", "'b'", "u'c'")}
    assert with_text == {without}


@pytest.mark.parametrize(
    "other",
    [
        CODE.replace("a + b", "a - b"),
        CODE.replace("b=1", "b=1.0"),
        CODE.replace("import os", "import os as o"),
        CODE.replace("def f", "def g"),
        CODE + "x = 'text'\n",
        CODE.replace("    return", "    f'{print()}'\n    return"),
        CODE.replace("    return", "    b = 'text'\n    return"),
    ],
)
def test_code_counts(other: str) -> None:
    assert parse(other.encode(), "x").code != parse(CODE.encode(), "x").code


def test_the_cache_is_by_content_and_survives(tmp_path: Path) -> None:
    cache = SourceCache(tmp_path / "cache" / "sources.json")
    source = cache.parse(CODE.encode(), "x")
    cache.save()
    again = SourceCache(tmp_path / "cache" / "sources.json")
    assert again._entries == {source.content: source}


def test_a_cache_with_any_bit_altered_is_not_believed(tmp_path: Path) -> None:
    path = tmp_path / "sources.json"
    cache = SourceCache(path)
    cache.parse(b"import p.a", "x")
    cache.save()
    data = path.read_bytes()
    for damaged in flipped(data):
        with path.open("r+b") as file:  # in place: some file systems write a truncated file to disk at once
            file.write(damaged)
        assert SourceCache(path)._entries == {}
    for damaged in (b"", b"null", b"[1]", b"{torn", data[:-1]):
        path.write_bytes(damaged)
        assert SourceCache(path)._entries == {}


def flipped(data: bytes) -> Iterator[bytes]:
    """The data with each of its bits altered in turn."""
    for bit in range(8 * len(data)):
        yield data[: bit // 8] + bytes([data[bit // 8] ^ (1 << bit % 8)]) + data[bit // 8 + 1 :]


def test_sources_are_of_one_moment(tmp_path: Path) -> None:
    lay_out(tmp_path, p___m="x = 1")
    sources = Sources([tmp_path], ["p"])
    before = source_closure("p.m", sources=sources).digest
    lay_out(tmp_path, p___m="x = 2")
    assert source_closure("p.m", sources=sources).digest == before
    assert source_closure("p.m", sources=sources.again()).digest != before


def test_packages_are_found_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lay_out(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert find_packages(["p"]) == (tmp_path,)
    with pytest.raises(StageError, match="nowhere is not found"):
        find_packages(["nowhere"])


def test_third_party_imports_count_with_their_versions(tmp_path: Path) -> None:
    from importlib.metadata import version

    lay_out(tmp_path, p___m="import numpy.linalg\ndef f():\n    from sklearn import svm\nimport json, not_there")
    found = source_closure("p.m", (), [tmp_path], ["p"]).packages
    assert found == {"numpy": version("numpy"), "scikit-learn": version("scikit-learn"), "not-there": "absent"}


def test_a_backend_counts_only_where_keras_is_imported() -> None:
    from importlib.metadata import version

    with_keras = packages.versions(frozenset({"keras", "numpy"}), "tensorflow")
    assert with_keras == {name: version(name) for name in ("keras", "numpy", "tensorflow")}
    assert "tensorflow" not in packages.versions(frozenset({"numpy"}), "tensorflow")
    assert packages.versions(frozenset({"keras", "numpy", "jax", "torch"}), "tensorflow") == with_keras
    assert "tensorflow" not in packages.versions(frozenset({"keras"}), None)


def test_an_import_that_is_not_named_like_its_distribution_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    info = tmp_path / "odd_name-1.2.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: odd-name\nVersion: 1.2\n")
    (info / "top_level.txt").write_text("unlike\n")
    (tmp_path / "unlike.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert packages.versions(frozenset({"unlike"}), None) == {"odd-name": "1.2"}
