"""A series: several levels of a patient, each an ordinary case, what might have been done otherwise, one report."""

from cementflow.series.check import check_series
from cementflow.series.read import Level, Reported, Series, WhatIf, load_series, series_preset
from cementflow.series.result import SeriesResult, open_series
from cementflow.series.run import run_series
from cementflow.series.text import series_text

__all__ = [
    "Level",
    "Reported",
    "Series",
    "SeriesResult",
    "WhatIf",
    "check_series",
    "load_series",
    "open_series",
    "run_series",
    "series_preset",
    "series_text",
]
