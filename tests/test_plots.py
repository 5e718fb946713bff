"""`dedup.report.plots`: axes that show what the result says."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest

mpl.use("agg")

from matplotlib import pyplot
from matplotlib.axes import Axes

import dedup
from dedup.errors import InputError, install_line
from dedup.results import Clusters
from dedup.stages.clusters import Graph


@pytest.fixture(scope="module")
def clusters(examples: dict[str, str]) -> Clusters:
    """The example articles, the first of them twice."""
    return dedup.cluster([*examples.values(), next(iter(examples.values()))])


@pytest.fixture(autouse=True)
def _close() -> None:
    yield
    pyplot.close("all")


def test_all_three_beside_each_other(clusters: Clusters, tmp_path: Path) -> None:
    """Axes come back as from any plotting library, and can be drawn."""
    drawn = clusters.plot()
    assert [type(ax) for ax in drawn] == [Axes] * 3
    drawn[0].figure.savefig(tmp_path / "all.png")
    assert (tmp_path / "all.png").stat().st_size > 10_000


def test_sizes(clusters: Clusters) -> None:
    """A bar a doubling, as high as there are clusters."""
    ax = clusters.plot("sizes")
    assert [label.get_text() for label in ax.get_xticklabels()] == ["2–3", "4–7"]
    assert [bar.get_height() for bar in ax.patches] == [1, 1]


def test_similarity(clusters: Clusters) -> None:
    """All compared pairs are there, and the threshold."""
    ax = clusters.plot("similarity")
    assert ax.patches[0].get_data().values.sum() == clusters.histogram.sum() >= len(clusters.pairs.left)
    assert ax.lines[0].get_xdata()[0] == clusters.threshold


def test_a_cluster_as_a_graph(clusters: Clusters) -> None:
    """A point a distinct text, a line an edge."""
    ax = clusters.plot("cluster", cluster=1)
    inside = np.isin(clusters.pairs.left, clusters[1].members) & (clusters.pairs.similarity < 1)
    assert len(ax.collections[0].get_segments()) == inside.sum()
    assert sum(len(points.get_offsets()) for points in ax.collections[1:]) == len(np.unique(clusters[1].texts()))


def test_axes_can_be_given(clusters: Clusters) -> None:
    """They are drawn on and given back."""
    _, ax = pyplot.subplots()
    assert clusters.plot("sizes", ax=ax) is ax


def test_a_large_cluster_is_sampled() -> None:
    """No more points than can be told apart."""
    count = 1_000
    graph = Graph(
        np.arange(count), np.arange(count), np.zeros(count - 1, np.int64), np.arange(1, count),
        np.full(count - 1, 0.5), np.zeros(count, np.bool_),
    )  # fmt: skip
    ax = Clusters(graph, 0.12, 0.0).plot("cluster")
    assert sum(len(points.get_offsets()) for points in ax.collections[1:]) == 200


def test_nothing_is_drawn_too() -> None:
    """A result without clusters has two pictures."""
    assert len(dedup.cluster(["手机卡", "apple"]).plot()) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"kind": "pie"}, "sizes, similarity, cluster"),
        ({"kind": "cluster", "cluster": 2}, "below 2"),
        ({"kind": "cluster", "cluster": "x"}, "below 2"),
        ({"cluster": 99}, "below 2"),
        ({"ax": "axes"}, "one ax is for one picture"),
    ],
)
def test_what_cannot_be_drawn(clusters: Clusters, arguments: dict[str, object], message: str) -> None:
    """The error says what there is."""
    with pytest.raises(InputError, match=message):
        clusters.plot(**arguments)  # type: ignore[arg-type]


def test_a_missing_extra_is_answered_with_the_line_that_installs_it() -> None:
    """Without matplotlib the error says what to do."""
    code = "import sys; sys.modules['matplotlib'] = None; import dedup; dedup.cluster(['a']).plot('sizes')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert install_line("plot") in done.stderr
