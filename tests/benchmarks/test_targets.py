"""The table of targets, and the build that figures are compared with."""

from pathlib import Path

from tests.benchmarks.earlier_build import earlier_build, in_turn, output_of, ratios
from tests.benchmarks.targets import Row, table


def test_the_median_decides_whether_a_target_is_reached() -> None:
    assert Row("get", [9, 1, 2], 2).is_reached
    assert not Row("get", [1, 3, 3], 2).is_reached
    assert Row("writes", [0.1, 0.9, 1], 0.9, at_most=False).is_reached
    assert not Row("writes", [0.1, 0.8, 1], 0.9, at_most=False).is_reached


def test_the_table_has_figure_spread_target_and_whether_it_is_reached() -> None:
    rows = [
        Row("get", [9, 1, 2], 2),
        Row("a page of scan", [], 1.1),
        Row("speed", [7.25], 8, at_most=False),
        Row("bytes", [12_847.5, 12_847, 12_849], 30_000),
    ]
    assert table(rows) == [
        "Work            Figure (lowest to highest)  Target    Reached",
        "get             2 (1 to 9)                  ≤ 2       yes",
        "a page of scan  not measured                ≤ 1.1     ?",
        "speed           7.25 (7.25 to 7.25)         ≥ 8       no",
        "bytes           12,848 (12,847 to 12,849)   ≤ 30,000  yes",
    ]


def test_the_earlier_build_is_asked_in_turn_with_that_of_today() -> None:
    with earlier_build() as tree:
        # It has no package of metrics yet.
        assert not (tree / "portal" / "metrics").exists()
        assert output_of(tree, "tests.benchmarks.which_build")["folder_length"] == len(str(tree))
    assert not tree.exists()
    ((now, before),) = in_turn("tests.benchmarks.which_build", rounds=1)
    assert now["folder_length"] == len(str(Path(__file__).parents[2]))
    assert ratios([(now, before)], "folder_length") == [
        now["folder_length"] / before["folder_length"]
    ]
