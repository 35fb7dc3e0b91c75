"""cementflow: where bone cement goes when it is injected into a vertebra, and how it leaks.

The usual way in::

    import cementflow as cf

    case = cf.preset("l3-osteoporotic").replace({"injection.volume": "3 mL"})
    result = cf.run(case)
    print(result.summary["leaked_ml"])
    result.plot("scene")
"""

from cementflow.case import Case, load, preset
from cementflow.check import Finding, check
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
from cementflow.version import version

__version__ = version()

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
