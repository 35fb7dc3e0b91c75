"""cementflow: where bone cement goes when it is injected into a vertebra, and how it leaks.

The usual way in::

    import cementflow as cf

    case = cf.preset("l3-osteoporotic").replace({"injection.volume": "3 mL"})
    result = cf.run(case)
    print(result.summary["leaked_ml"])
    result.plot("scene")

A name is imported when it is first asked for, as a run draws its pictures in a process that needs none of them.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

# Not put off: a part of the same name would take its place whenever it is imported.
from cementflow.check import Finding, check

if TYPE_CHECKING:
    from cementflow.case import Case, load, preset
    from cementflow.errors import CaseError, CementflowError, InputError, MeshError, RunFailed
    from cementflow.result import Result, open_result
    from cementflow.runner import run
    from cementflow.series import load_series, open_series, run_series, series_preset
    from cementflow.study.compare import compare
    from cementflow.study.frequencies import frequencies
    from cementflow.study.plan_run import run_plan
    from cementflow.study.result import StudyResult, open_study
    from cementflow.study.run import run_study, sweep
    from cementflow.study.statement import load_study, make_study, study_preset

    __version__: str

__all__ = [
    "Case",
    "CaseError",
    "CementflowError",
    "Finding",
    "InputError",
    "MeshError",
    "Result",
    "RunFailed",
    "StudyResult",
    "check",
    "compare",
    "frequencies",
    "load",
    "load_series",
    "load_study",
    "make_study",
    "open_result",
    "open_series",
    "open_study",
    "preset",
    "run",
    "run_plan",
    "run_series",
    "run_study",
    "series_preset",
    "study_preset",
    "sweep",
]

_HOMES = {
    "case": ("Case", "load", "preset"),
    "errors": ("CaseError", "CementflowError", "InputError", "MeshError", "RunFailed"),
    "result": ("Result", "open_result"),
    "runner": ("run",),
    "series": ("load_series", "open_series", "run_series", "series_preset"),
    "study.compare": ("compare",),
    "study.frequencies": ("frequencies",),
    "study.plan_run": ("run_plan",),
    "study.result": ("StudyResult", "open_study"),
    "study.run": ("run_study", "sweep"),
    "study.statement": ("load_study", "make_study", "study_preset"),
}


def __getattr__(name: str) -> Any:
    value: Any
    if name == "__version__":
        from cementflow.version import version

        value = version()
    else:
        home = next((home for home, names in _HOMES.items() if name in names), None)
        if home is None:
            raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
        value = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value  # found at once from now on
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "__version__"})
