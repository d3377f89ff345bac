"""The state machines as declared: what each status allows, what each step means."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

from django.apps import apps
from django.db.models import Model
from django_fsm import FSMField

HEAD = """# State machines

Rendered by `manage.py render_state_machines` from the models; `make docs` brings it up to date.
Only `oms.core.transitions` takes a step. A step that is not in a table is refused as
`state.illegal_transition`, with both states named.
"""


class Step(NamedTuple):
    """One arrow: `source` is a stored status."""

    trigger: str
    source: str
    target: str


def models() -> list[type[Model]]:
    """This function will return the models with a machine, by label; histories are none."""
    found = [model for model in apps.get_models() if any(map(_is_machine, model._meta.fields))]
    return sorted(found, key=lambda model: model._meta.label)


def statuses(model: type[Model]) -> list[str]:
    """This function will return every status of a machine, in the order it declares them."""
    return [str(value) for value, _label in _field(model).choices]


def steps(model: type[Model]) -> list[Step]:
    """This function will return every declared step, by trigger, then as declared."""
    order = statuses(model)
    found = {
        Step(transition.name, source, str(transition.target))
        for transition in _field(model).get_all_transitions(model)
        for source in _sources(transition, order)
    }
    return sorted(found, key=lambda step: (step.trigger, order.index(step.source)))


def render() -> str:
    """This function will return the document."""
    return "\n".join([HEAD, *(_render(model) for model in models())])


def _render(model: type[Model]) -> str:
    return "\n".join(
        [
            f"## {model._meta.label}",
            "",
            f"Begins as `{_field(model).default}`.",
            "",
            "| from | open steps |",
            "|---|---|",
            *_open_steps(model),
            "",
            "| trigger | from | to | meaning |",
            "|---|---|---|---|",
            *_rows(model),
            "",
        ]
    )


def _open_steps(model: type[Model]) -> Iterator[str]:
    declared = steps(model)
    for status in statuses(model):
        said = [f"{step.trigger} → {step.target}" for step in declared if step.source == status]
        yield f"| {status} | {', '.join(said) or 'the end'} |"


def _rows(model: type[Model]) -> Iterator[str]:
    grouped: dict[tuple[str, str], list[str]] = defaultdict(list)
    for step in steps(model):
        grouped[step.trigger, step.target].append(step.source)
    for (trigger, target), sources in grouped.items():
        meaning = " ".join((getattr(model, trigger).__doc__ or "").split())
        yield f"| `{trigger}` | {', '.join(sources)} | {target} | {meaning} |"


def _field(model: type[Model]) -> Any:
    return next(field for field in model._meta.fields if _is_machine(field))


def _is_machine(field: Any) -> bool:
    return isinstance(field, FSMField)


def _sources(transition: Any, order: list[str]) -> list[str]:
    if transition.source == "*":
        return order
    if transition.source == "+":
        return [status for status in order if status != transition.target]
    return [str(transition.source)]
