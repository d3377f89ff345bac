"""Figures on pages: short, exact, never alarming by accident."""

from __future__ import annotations

import pytest
from django.template import Context, Template

from oms.core.templatetags import look


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (None, "–"),
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3_599, "59 min"),
        (3_900, "1 h 05"),
        (86_399, "23 h 59"),
        (164_200, "1.9 d"),
        (-0.4, "0 s"),
        (-720, "−12 min"),
    ],
)
def test_short_time(seconds: float | None, words: str) -> None:
    assert look.short_time(seconds) == words


def test_seconds_since_reads_offsets_and_never_runs_backward() -> None:
    noon = "2026-11-20T12:00:00+00:00"

    assert look.seconds_since("2026-11-20T06:59:30-05:00", noon) == 30.0
    assert look.seconds_since("2026-11-20T12:00:05Z", noon) == 0.0


def test_bars_stay_within_their_track() -> None:
    assert [look.width(share) for share in (-0.2, 0.0, 0.125, 0.97, 1.4)] == [0, 0, 13, 97, 100]
    assert look.percent(1.4) == "140 %"


def test_spark_line_spans_the_box_and_a_flat_trend_runs_through_the_middle() -> None:
    assert look.spark_line([1, 3, 2]) == "0.0,29.0 50.0,3.0 100.0,16.0"
    assert look.spark_line([7, 7]) == "0.0,16.0 100.0,16.0"
    assert look.spark_line([7]) == look.spark_area(None) == ""
    assert look.spark_area([1, 3]) == "0,32 0.0,29.0 100.0,3.0 100,32"


def test_card_and_table_escape_their_titles_and_keep_their_content() -> None:
    source = (
        "{% load look %}{% card title=title name='n' css='wide' %}"
        "{% table caption=title %}<tr><td>{{ cell }}</td></tr>{% endtable %}{% endcard %}"
    )

    html = Template(source).render(Context({"title": "<b>", "cell": "<i>"}))

    assert '<section class="card wide" aria-labelledby="n">' in html
    assert '<h2 id="n">&lt;b&gt;</h2>' in html
    assert '<caption class="sr">&lt;b&gt;</caption><tr><td>&lt;i&gt;</td></tr>' in html
