"""What the engine costs: builds with nothing to do, stages that do nothing, and other tools on the same graph.

The graphs have ten layers; every task reads one small file of the layer before and writes one. The other tools are
installed with uv, each into an environment of its own. Their outputs are made the way that each allows at that size:
by a build where one takes less than the time limit, else (DVC, Snakemake) by writing the files and recording them.

    python benchmarks/engine.py [--sizes 100 1000 10000] [--tools latentpress snakemake dvc pytask] [--limit 300]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

LAYERS = 10
REPEATS = 3
TOOLS = ("latentpress", "snakemake", "dvc", "pytask")


@dataclass
class Tool:
    """One tool's project of a certain size, in a folder of its own."""

    folder: Path
    program: Path
    size: int
    limit: float

    def run(self, *arguments: str) -> str:
        """Run the tool to its end, within the time limit, and return what it printed."""
        command = [str(self.program), *arguments]
        # Offline and silent: no tool may spend its time on asking whether there is a newer one.
        environment = {**os.environ, "DVC_NO_ANALYTICS": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
        if self.program != Path(sys.executable):
            del environment["PYTHONPATH"]
            environment["PATH"] = f"{self.program.parent}{os.pathsep}{environment['PATH']}"
        answer = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, timeout=self.limit, check=False
        )
        if answer.returncode:
            sys.exit(
                f"{' '.join(command)} ended with {answer.returncode}:\n{answer.stdout[-1500:]}{answer.stderr[-1500:]}"
            )
        return answer.stdout + answer.stderr

    def tasks(self) -> list[tuple[int, int]]:
        """Layer and place of every task."""
        return [(layer, place) for layer in range(LAYERS) for place in range(self.size // LAYERS)]

    def write_outputs(self) -> None:
        """The files as a build would leave them, one layer after the other."""
        (self.folder / "out").mkdir()
        for layer, place in self.tasks():
            (self.folder / "out" / f"{layer}_{place}.txt").write_text(f"{place}\n")

    def prepare(self) -> str:
        """Make a project whose tasks are all up to date; returns how."""
        raise NotImplementedError

    def look(self) -> None:
        """A build with nothing to do; ends the benchmark if it does anything."""
        raise NotImplementedError


class LatentPress(Tool):
    """The engine itself, on a package of one trivial function."""

    def prepare(self) -> str:
        package = self.folder / "src" / "synthetic"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("")
        source = """
            from latentpress.engine.stage import Result, Task

            def copy(task):
                before = task.inputs["before"].text("x.txt") if task.inputs else f"{task.settings['place']}\\n"
                return Result(texts={"x.txt": before})
            """
        (package / "work.py").write_text(textwrap.dedent(source))
        begun = time.perf_counter()
        ran = self._build()
        seconds = time.perf_counter() - begun
        assert ran == self.size, f"{ran} of {self.size} stages ran"
        return f"built: {1000 * seconds / self.size:.1f} ms a stage"

    def look(self) -> None:
        ran = self._build()
        assert ran == 0, f"{ran} stages ran again"

    def _build(self) -> int:
        answer = self.run(str(Path(__file__).absolute()), "--build", str(self.folder), "--sizes", str(self.size))
        return int(json.loads(answer.splitlines()[-1]))


def build(folder: Path, size: int) -> None:
    """What a process of `LatentPress` does: one build; prints how many stages ran."""
    from latentpress.engine.scheduler import Scheduler
    from latentpress.engine.stage import Stage
    from latentpress.engine.store import Store

    stages = [
        Stage(
            f"{layer}/{place}",
            "synthetic.work:copy",
            {"place": place},
            inputs={"before": f"{layer - 1}/{place}"} if layer else {},
        )
        for layer in range(LAYERS)
        for place in range(size // LAYERS)
    ]
    scheduler = Scheduler(Store(folder / "store"), stages, package="synthetic", source_dirs=[folder / "src"])
    print(len(scheduler.run().ran))


class Snakemake(Tool):
    """A rule with wildcards; outputs count as up to date by their times."""

    def prepare(self) -> str:
        places = self.size // LAYERS
        (self.folder / "Snakefile").write_text(
            textwrap.dedent(
                f"""
                rule all:
                    input: expand("out/{LAYERS - 1}_{{place}}.txt", place=range({places}))

                rule first:
                    output: "out/0_{{place}}.txt"
                    shell: "echo {{wildcards.place}} > {{output}}"

                rule copy:
                    input: lambda wildcards: f"out/{{int(wildcards.layer) - 1}}_{{wildcards.place}}.txt"
                    output: "out/{{layer,[1-9]}}_{{place}}.txt"
                    shell: "cp {{input}} {{output}}"
                """
            )
        )
        self.write_outputs()
        return "outputs written, not built"

    def look(self) -> None:
        said = self.run("--cores", "1")
        assert "Nothing to be done" in said, said[-500:]


class Dvc(Tool):
    """One stage of dvc.yaml for each task; recorded with `dvc commit`, that is without running any."""

    def prepare(self) -> str:
        stages = {
            f"t{layer}_{place}": {
                "cmd": f"cp out/{layer - 1}_{place}.txt out/{layer}_{place}.txt" if layer else f"echo {place}",
                **({"deps": [f"out/{layer - 1}_{place}.txt"]} if layer else {}),
                "outs": [{f"out/{layer}_{place}.txt": {"cache": False}}],
            }
            for layer, place in self.tasks()
        }
        (self.folder / "dvc.yaml").write_text(json.dumps({"stages": stages}))  # JSON is YAML
        self.write_outputs()
        self.run("init", "--no-scm", "--quiet")
        self.run("config", "core.analytics", "false")
        self.run("config", "core.check_update", "false")
        self.run("commit", "--force", "--quiet")
        return "outputs written and committed, not built"

    def look(self) -> None:
        said = self.run("repro")
        assert "Running stage" not in said, said[-500:]
        assert "up to date" in said, said[-500:]


class Pytask(Tool):
    """One Python function for each task."""

    def prepare(self) -> str:
        (self.folder / "out").mkdir()
        (self.folder / "task_copy.py").write_text(
            textwrap.dedent(
                f"""
                from pathlib import Path
                from typing import Annotated
                from pytask import Product, task

                OUT = Path(__file__).parent / "out"
                for place in range({self.size // LAYERS}):
                    @task(id=f"0_{{place}}")
                    def task_first(text: str = f"{{place}}", path: Annotated[Path, Product] = OUT / f"0_{{place}}.txt"):
                        path.write_text(text)

                    for layer in range(1, {LAYERS}):
                        @task(id=f"{{layer}}_{{place}}")
                        def task_copy(
                            before: Path = OUT / f"{{layer - 1}}_{{place}}.txt",
                            path: Annotated[Path, Product] = OUT / f"{{layer}}_{{place}}.txt",
                        ):
                            path.write_text(before.read_text())
                """
            )
        )
        begun = time.perf_counter()
        self.run("build", "--verbose", "0")
        return f"built: {1000 * (time.perf_counter() - begun) / self.size:.1f} ms a task, in one process"

    def look(self) -> None:
        said = self.run("build", "--verbose", "1")
        assert f"{self.size}  Skipped because unchanged" in said or "unchanged" in said, said[-500:]
        assert "Succeeded" not in said.replace("Succeeded in", ""), said[-500:]


KINDS: dict[str, type[Tool]] = {"latentpress": LatentPress, "snakemake": Snakemake, "dvc": Dvc, "pytask": Pytask}


def main() -> None:
    """Measure what is asked for and print Markdown tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 1_000, 10_000])
    parser.add_argument("--tools", nargs="+", choices=TOOLS, default=list(TOOLS))
    parser.add_argument("--limit", type=float, default=300.0, help="seconds that one command of a tool may take")
    parser.add_argument("--environments", type=Path, help="where the tools are installed; kept. Default: a new folder")
    parser.add_argument("--build", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.build is not None:
        build(options.build, options.sizes[0])
        return
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder:
        places = options.environments or Path(folder) / "environments"
        programs = {name: installed(name, places) for name in options.tools}
        print("| tasks | tool | nothing to do | how the outputs were made |\n| --- | --- | --- | --- |")
        for size in options.sizes:
            for name in options.tools:
                root = Path(folder) / f"{name}{size}"
                root.mkdir()
                program, version = programs[name]
                told = measure(KINDS[name](root, program, size, options.limit))
                print(f"| {size:,} | {name} {version} | {told} |", flush=True)
                shutil.rmtree(root)
    print(f"\nload {os.getloadavg()[0]:.1f} at the end", file=sys.stderr)


def measure(tool: Tool) -> str:
    """Two cells: the median time of a build with nothing to do, and how it came to be."""
    try:
        how = tool.prepare()
        tool.look()  # once unmeasured, so that caches of files are as full for each tool
        times = [timed(tool.look) for _ in range(REPEATS)]
    except subprocess.TimeoutExpired as error:
        return f"over {tool.limit:.0f} s | stopped: {' '.join(map(str, error.cmd))[-60:]}"
    return f"{statistics.median(times):.2f} s | {how}"


def timed(action: Callable[[], None]) -> float:
    """Seconds that an action takes."""
    begun = time.perf_counter()
    action()
    return time.perf_counter() - begun


def installed(name: str, folder: Path) -> tuple[Path, str]:
    """A tool's program in an environment of its own, and its version."""
    if name == "latentpress":
        return Path(sys.executable), ""
    home = folder / name
    uv = shutil.which("uv", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
    if uv is None:
        sys.exit('uv is missing; install it with: pip install "nox[uv]"')
    python = home / "bin" / "python"
    if not python.exists():
        subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(home)], check=True)
        subprocess.run(
            [uv, "pip", "install", "--quiet", "--compile-bytecode", "--python", str(python), name], check=True
        )
    ask = f"from importlib.metadata import version; print(version({name!r}))"
    version = subprocess.run([str(python), "-c", ask], capture_output=True, text=True, check=True).stdout.strip()
    return home / "bin" / name, version


if __name__ == "__main__":
    main()
