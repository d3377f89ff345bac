"""Pictures say what their numbers say, at every scale."""

from __future__ import annotations

import pytest

from oms.core.admin.charts import (
    BARS_HEIGHT,
    LEVEL_HEIGHT,
    Flow,
    FlowDay,
    Step,
    Waterfall,
    nice_step,
)


def flow(*days: tuple[int, int, int]) -> Flow:
    return Flow(
        title="t",
        days=[FlowDay(f"d{n}", *day, "/") for n, day in enumerate(days)],
        level_name="level",
        in_name="in",
        out_name="out",
        empty="nothing",
    )


def points(text: str) -> list[tuple[float, float]]:
    return [tuple(map(float, pair.split(","))) for pair in text.split()]


@pytest.mark.parametrize(
    ("span", "step"),
    [(1, 1), (3, 1), (4, 2), (10, 5), (30, 10), (31, 20), (888, 500), (9_000, 5_000)],
)
def test_the_grid_steps_in_round_numbers(span: int, step: int) -> None:
    assert nice_step(span, 3) == step


def test_a_level_is_drawn_from_the_ground_to_the_top_line() -> None:
    chart = flow((0, 0, 0), (10, 10, 0), (5, 0, 5))

    assert [tick.label for tick in chart.grid] == ["0", "5", "10"]
    assert [float(tick.y) for tick in chart.grid] == [
        chart.level_top + LEVEL_HEIGHT, chart.level_top + LEVEL_HEIGHT / 2, chart.level_top,
    ]  # fmt: skip
    assert points(chart.line) == [(16.67, 100), (50, 0), (83.33, 50)]
    assert points(chart.area) == [(16.67, 100), *points(chart.line), (83.33, 100)]
    assert chart.last == ("5", "83.33%", f"{chart.level_top + LEVEL_HEIGHT / 2:.1f}")


def test_a_level_below_zero_hangs_below_the_ground() -> None:
    chart = flow((-4, 0, 4), (4, 8, 0))

    assert [tick.label for tick in chart.grid] == ["−5", "0", "5"]
    assert points(chart.line) == [(25, 90), (75, 10)]
    assert points(chart.area)[0] == (25, 50)


def test_bars_share_one_scale_above_and_below_their_line() -> None:
    chart = flow((9, 9, 0), (6, 0, 3))
    came, went = chart.bars

    scale = BARS_HEIGHT / 12
    zero = float(chart.zero_y)
    assert (float(came.in_height), float(came.out_height)) == (9 * scale, 0)
    assert float(came.in_y) == chart.bars_top == zero - 9 * scale
    assert (float(went.in_height), float(went.out_height)) == (0, 3 * scale)
    assert zero + 3 * scale == chart.bars_end
    assert [tick.label for tick in chart.extremes] == ["+9", "−3"]
    assert (chart.units_in, chart.units_out) == ("9", "3")


def test_a_small_bar_can_still_be_seen() -> None:
    assert float(flow((1, 1, 0), (100_001, 100_000, 0)).bars[0].in_height) == 1.5


def test_a_month_is_dated_every_week_back_from_its_last_day() -> None:
    chart = flow(*[(1, 0, 0)] * 30)

    assert [(date.label, date.anchor) for date in chart.dates] == [
        ("d1", "start"), ("d8", "middle"), ("d15", "middle"), ("d22", "middle"), ("d29", "end"),
    ]  # fmt: skip
    assert sum(float(bar.width[:-1]) for bar in chart.bars) == pytest.approx(100, abs=0.1)


def test_nothing_at_all_is_empty_and_standing_still_is_not() -> None:
    assert flow((0, 0, 0), (0, 0, 0)).is_empty
    assert not flow((3, 0, 0), (3, 0, 0)).is_empty
    assert flow((3, 0, 0)).extremes == []


def test_the_steps_of_a_waterfall_hang_on_each_other() -> None:
    steps = [Step("have", 10, ""), Step("less", -4, ""), Step("more", 2, "")]

    bars = Waterfall("t", steps, Step("left", 8, "")).bars

    assert [(bar.kind, bar.x, bar.width) for bar in bars] == [
        ("start", "0.00%", "100.00%"),
        ("less", "60.00%", "40.00%"),
        ("more", "60.00%", "20.00%"),
        ("result", "0.00%", "80.00%"),
    ]


def test_a_waterfall_below_zero_shows_both_sides_of_it() -> None:
    bars = Waterfall("t", [Step("have", 2, ""), Step("less", -6, "")], Step("left", -4, "")).bars

    assert [(bar.x, bar.width) for bar in bars] == [
        ("66.67%", "33.33%"),
        ("0.00%", "100.00%"),
        ("0.00%", "66.67%"),
    ]
