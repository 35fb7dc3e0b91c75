"""What a plan came to, in lines of text and as a picture."""

from __future__ import annotations

from pathlib import Path

from cementflow.files import replacing
from cementflow.study.plan_answer import Answer, Level
from cementflow.study.plan_statement import Plan
from cementflow.views.palette import CEMENT, FAINT, INK, LEAK


def plan_text(answer: Answer) -> str:
    """The levels and what follows from them."""
    plan = answer.plan
    lines = [f"{plan.key:>24}   P(kept)   95 % interval   runs"]
    for level in answer.levels:
        share = level.share
        tail = f" ({level.failed} without a result, counted as not kept)" if level.failed else ""
        lines.append(
            f"{_shown(plan, level.value):>24}   {share.value:7.2f}   {share.low:.2f} to {share.high:.2f}"
            f"    {share.runs:4.0f}{tail}"
        )
    limits = " and ".join(map(str, plan.keep))
    lines += [
        f"Asked: the {plan.goal} {plan.key} that keeps {limits} with a probability of {plan.probability:g}.",
        f"By the estimate: {_answer(plan, answer.likely)}. "
        f"By the lower end of the interval: {_answer(plan, answer.sure)}.",
        "The probability is over the spreads that the plan states under [uncertain], as far as these are right; "
        "the interval tells only how few bodies were drawn.",
    ]
    return "\n".join(lines)


def plan_picture(answer: Answer, path: Path) -> None:
    """Draw the probability against what was varied, with its interval; PNG, SVG or PDF."""
    import matplotlib.pyplot as plt

    plan, levels = answer.plan, answer.levels
    figure, axes = plt.subplots(figsize=(7.0, 4.2), layout="constrained")
    try:
        values = [level.value for level in levels]
        axes.fill_between(
            values,
            _each(levels, "low"),
            _each(levels, "high"),
            color=CEMENT,
            alpha=0.2,
            label="95 % interval",
        )
        axes.plot(values, _each(levels, "value"), "o-", color=CEMENT, markersize=4, label="estimate")
        axes.axhline(plan.probability, color=INK, linewidth=0.8, linestyle="--", label="asked for")
        ends = ((answer.likely, LEAK, "-", "by the estimate"), (answer.sure, FAINT, ":", "by the interval"))
        for value, colour, dash, label in ends:
            if value is not None:
                axes.axvline(
                    value, color=colour, linestyle=dash, label=f"{plan.goal} {label}: {_shown(plan, value)}"
                )
        axes.set_xscale(plan.scale)
        axes.set_ylim(0.0, 1.02)
        axes.set_xlabel(f"{plan.key} [{plan.unit}]" if plan.unit else plan.key)
        axes.set_ylabel("probability of keeping the limits")
        axes.set_title("keep " + " and ".join(map(str, plan.keep)), fontsize=10, loc="left")
        axes.legend(fontsize=8, frameon=False)
        with replacing(path) as temporary:
            figure.savefig(temporary, dpi=150)
    finally:
        plt.close(figure)


def _each(levels: tuple[Level, ...], what: str) -> list[float]:
    return [getattr(level.share, what) for level in levels]


def _answer(plan: Plan, value: float | None) -> str:
    if value is None:
        return "none in the range"
    end = plan.high if plan.goal == "largest" else plan.low
    return _shown(plan, value) + (", the end of the range" if value == end else "")


def _shown(plan: Plan, value: float) -> str:
    return f"{value:.4g} {plan.unit}".strip()
