"""Forms that nobody has filled in, made fast.

A tenant's page has a form for each decision that its status allows, and people open one of them at
most. All tenants have the same forms: only addresses, versions and a few texts differ. So the
template writes each form once, with placeholders for these, and a page fills them in.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import SimpleNamespace
from typing import Final, NamedTuple

from flask import current_app
from markupsafe import Markup

from portal.tenants import Tenant
from portal.web.forms import Form
from portal.web.http import strip_unprintable
from portal.web.i18n import locale_name
from portal.web.staff.lists import render_rows
from portal.web.staff.tenant.verb_form import VerbForm

_CHOICES: Final = frozenset({"select", "radios", "checkbox"})
#: The type of fields that are never filled in by a page.
_UNSHOWN: Final = "secret"
_TEMPLATE: Final = "staff/_decision.html"


def closed_form(
    tenant: Tenant,
    name: str,
    form_class: type[Form],
    data: Mapping[str, str],
    *,
    action: str,
    submit: str,
    tone: str,
    hidden: Sequence[tuple[str, str]],
    explanation: str,
    preview_url: str,
    try_url: str,
    beside: str,
    token: str,
    owner: str,
) -> Markup:
    """The HTML of a form that is shown for the first time. The arguments are those of `FormView`.

    Args:
        data: Name of a field -> its text; a field that is missing is empty.
        token: The CSRF token of the reader.
        owner: The signed id of the reader.
    """
    notes: Mapping[str, str] = {}
    option_labels: Mapping[str, str] = {}
    if issubclass(form_class, VerbForm):
        notes, option_labels = form_class.notes(tenant, data), form_class.option_labels(tenant)
    texts, choices = _fields_of(form_class)
    shape = _Shape(
        language=locale_name(),
        form_class=form_class,
        name=name,
        submit=submit,
        tone=tone,
        beside=beside,
        is_explained=bool(explanation),
        hidden=tuple(each for each, _value in hidden),
        noted=tuple(each for each, note in notes.items() if note),
        option_values=tuple(option_labels),
        choices=tuple((each, data.get(each, "")) for each in choices),
        has_preview=bool(preview_url),
        can_be_tried=bool(try_url),
    )
    values = {
        "action": action,
        "token": token,
        "owner": owner,
        "explanation": explanation,
        "preview": preview_url,
        "try": try_url,
    }
    for each, value in hidden:
        values[f"hidden_{each}"] = value
    for each, note in notes.items():
        values[f"note_{each}"] = note
    for each, label in option_labels.items():
        values[f"option_{each}"] = label
    for each in texts:
        text = data.get(each)
        values[f"value_{each}"] = strip_unprintable(text) if text else ""
    return render_rows([SimpleNamespace(**values)], _pattern(shape))


def _fields_of(form_class: type[Form]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of the fields that hold a text, and of those that offer a choice."""
    known = _known_fields.get(form_class)
    if known is None:
        types = {
            field.short_name: field.view_options.get("type") for field in form_class(formdata=None)
        }
        texts = (name for name, kind in types.items() if kind not in _CHOICES and kind != _UNSHOWN)
        choices = (name for name, kind in types.items() if kind in _CHOICES)
        known = _known_fields[form_class] = tuple(texts), tuple(choices)
    return known


_known_fields: dict[type[Form], tuple[tuple[str, ...], tuple[str, ...]]] = {}


def has_fields(form_class: type[Form]) -> bool:
    """Whether there is anything to fill in; else the form is only a button."""
    return any(_fields_of(form_class))


class _Shape(NamedTuple):
    """What the HTML of a form depends on, beside the texts that are filled in.

    Attributes:
        hidden, noted, option_values: The names of what is filled in.
        choices: What is chosen, by name. There are few such texts, and all are our own.
    """

    language: str
    form_class: type[Form]
    name: str
    submit: str
    tone: str
    beside: str
    is_explained: bool
    hidden: tuple[str, ...]
    noted: tuple[str, ...]
    option_values: tuple[str, ...]
    choices: tuple[tuple[str, str], ...]
    has_preview: bool
    can_be_tried: bool


@lru_cache(1024)
def _pattern(shape: _Shape) -> Markup:
    """The form with `[[name]]` for all that differs from tenant to tenant, and for the tokens. It
    must hold nothing of the request that asks first, nor of its tenant: others get it as well."""
    texts, _names = _fields_of(shape.form_class)
    form = shape.form_class(
        formdata=None, data={**{each: f"[[value_{each}]]" for each in texts}, **dict(shape.choices)}
    )
    if isinstance(form, VerbForm):
        form.labels = {value: f"[[option_{value}]]" for value in shape.option_values}
    view = SimpleNamespace(
        name=shape.name,
        action="[[action]]",
        submit=shape.submit,
        tone=shape.tone,
        fields=form.views(shape.name, **{each: f"[[note_{each}]]" for each in shape.noted}),
        hidden=[(each, f"[[hidden_{each}]]") for each in shape.hidden],
        explanation="[[explanation]]" if shape.is_explained else "",
        preview_url="[[preview]]" if shape.has_preview else "",
        try_url="[[try]]" if shape.can_be_tried else "",
    )
    macros = current_app.jinja_env.get_template(_TEMPLATE).module
    if shape.beside:
        html = macros.beside(view, shape.beside)  # type: ignore[attr-defined] # a macro of the template
    else:
        html = macros.decision(view, "[[token]]", "[[owner]]")  # type: ignore[attr-defined] # as above
    return Markup(html)  # noqa: S704 - the template has escaped it
