from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentpress.engine.graph import Graph
from latentpress.engine.stage import Stage
from latentpress.errors import StageError, UsageError


def stage(name: str, *inputs: str, seconds: float = 1.0, threads: int = 1) -> Stage:
    return Stage(name, "m:f", inputs={source: source for source in inputs}, seconds=seconds, threads=threads)


@st.composite
def graphs(draw: st.DrawFn) -> list[Stage]:
    count = draw(st.integers(1, 12))
    stages = []
    for index in range(count):
        inputs = draw(st.sets(st.integers(0, index - 1), max_size=3)) if index else set()
        stages.append(stage(f"s{index}", *(f"s{source}" for source in sorted(inputs))))
    return draw(st.permutations(stages))


@given(graphs())
def test_every_stage_comes_after_its_inputs(stages: list[Stage]) -> None:
    graph = Graph(stages)
    order = list(graph.stages)
    assert sorted(order) == sorted(one.name for one in stages)
    for one in stages:
        assert all(order.index(source) < order.index(one.name) for source in one.inputs.values())
        assert set(graph.above(one.name)) == {name for name in order if one.name in graph.below([name])}
        assert graph.urgency[one.name] >= max((graph.urgency[c] + 1 for c in graph.consumers[one.name]), default=1)


@given(graphs())
def test_only_what_a_target_needs_is_kept(stages: list[Stage]) -> None:
    target = stages[0].name
    graph = Graph(stages, keep=[target])
    assert set(graph.stages) == {target, *graph.above(target)}


def test_a_long_chain_is_no_trouble() -> None:
    stages = [stage("s0"), *(stage(f"s{i}", f"s{i - 1}") for i in range(1, 5000))]
    assert len(Graph(reversed(stages)).stages) == 5000


@pytest.mark.parametrize(
    ("stages", "complaint"),
    [
        ([stage("a"), stage("a")], "two stages are named a"),
        ([stage("a", "b")], r"stage a reads 'b' \(b\), which no stage makes"),
        ([stage("a", "b"), stage("b", "c"), stage("c", "a")], "circle: a → b → c → a"),
        ([stage("a", "a")], "circle: a → a"),
    ],
)
def test_a_graph_that_cannot_be_built_is_refused(stages: list[Stage], complaint: str) -> None:
    with pytest.raises(StageError, match=complaint):
        Graph(stages)


def test_an_unknown_target_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="no stage 'x'"):
        Graph([stage("a")], keep=["x"])


def test_the_estimate_knows_chains_and_shared_work() -> None:
    chain = Graph([stage("a", seconds=2), stage("b", "a", seconds=3)])
    assert chain.estimate({"a", "b"}, workers=2, cores=2) == 5
    wide = Graph([stage(f"s{i}") for i in range(8)])
    assert wide.estimate(set(wide.stages), workers=2, cores=2) == 4
    assert wide.estimate({"s0"}, workers=2, cores=2) == 1
    heavy = Graph([stage("a", threads=2), stage("b", threads=2)])
    assert heavy.estimate({"a", "b"}, workers=2, cores=2) == 2
