"""Forms that nobody has filled in, made fast.

A tenant's page has a form for each decision that its status allows, and people open one of them at
most. All tenants have the same forms: only addresses, versions and a few texts differ. So the
template writes each form once, with placeholders for these. A page fills in those of all its forms
at once.
"""

import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from types import SimpleNamespace
from typing import Final, NamedTuple

from flask import current_app
from markupsafe import Markup, escape

from portal.tenants import Tenant
from portal.web.forms import Form
from portal.web.http import csrf, strip_unprintable
from portal.web.i18n import _, locale_name
from portal.web.staff.tenant.validity_form import SUGGESTED_LAST
from portal.web.staff.tenant.verb_form import VerbForm

_CHOICES: Final = frozenset({"select", "radios", "checkbox"})
#: The type of fields that are never filled in by a page.
_UNSHOWN: Final = "secret"
_TEMPLATE: Final = "staff/_decision.html"
_PLACEHOLDER: Final = re.compile(r"\[\[([\w.]+)\]\]", re.ASCII)
#: Stands between texts while they are escaped. No form accepts a text that holds it.
_SEPARATOR: Final = "\x1f"

#: Stand in kept forms for the tokens of a request. Nobody can guess them, so no text holds them.
_TOKEN_MARK: Final = f"token-{secrets.token_hex(16)}"
_OWNER_MARK: Final = f"owner-{secrets.token_hex(16)}"


@dataclass(frozen=True, kw_only=True, eq=False)
class FormKind:
    """What the forms of a verb, or those for a note, have in common on all pages.

    name: the last part of the address where it is sent, and the prefix of its fields' ids.
    legend, submit: its heading and its button, in English.
    key: the shortcut key that opens it.
    is_previewed: whether it has a button that previews a mail.
    has_credentials: whether it has a client id and a secret, which can be tried.
    """

    name: str
    form: type[Form]
    legend: str
    submit: str
    key: str = ""
    is_previewed: bool = False
    has_credentials: bool = False

    @cached_property
    def texts(self) -> tuple[str, ...]:
        """The names of the fields that hold a text."""
        types = self._types
        return tuple(name for name, kind in types.items() if kind not in {*_CHOICES, _UNSHOWN})

    @cached_property
    def choices(self) -> tuple[str, ...]:
        """The names of the fields that offer a choice."""
        return tuple(name for name, kind in self._types.items() if kind in _CHOICES)

    @cached_property
    def has_fields(self) -> bool:
        """Whether there is anything to fill in; else the form is only a button."""
        return bool(self._types)

    @cached_property
    def has_notes(self) -> bool:
        return issubclass(self.form, VerbForm) and self.form.notes is not VerbForm.notes

    @cached_property
    def has_option_labels(self) -> bool:
        is_own = getattr(self.form, "option_labels", None) is not VerbForm.option_labels
        return issubclass(self.form, VerbForm) and is_own

    @cached_property
    def _types(self) -> dict[str, str]:
        fields = self.form(formdata=None)
        return {field.short_name: field.view_options.get("type", "") for field in fields}


class Shape(NamedTuple):
    """What the HTML of a form depends on, beside its language and the texts that are filled in.

    Attributes:
        is_first: It stands open, before all others.
        hidden, noted, option_values: The names of what is filled in.
        choices: What is chosen, by name. There are few such texts, and all are our own.
    """

    kind: FormKind
    is_first: bool
    tone: str
    beside: str
    is_explained: bool
    hidden: tuple[str, ...]
    noted: tuple[str, ...]
    option_values: tuple[str, ...]
    choices: tuple[tuple[str, str], ...]
    can_be_tried: bool


def with_tokens(html: Markup) -> Markup:
    """The HTML of forms, with the tokens of this request in the place of their marks."""
    text = str(html)
    text = text.replace(_TOKEN_MARK, escape(csrf.csrf_token()))
    text = text.replace(_OWNER_MARK, escape(csrf.new_form_owner()))
    return Markup(text)  # noqa: S704 - the marks are ours, and the tokens are escaped


class ClosedForms:
    """The forms of one page that nobody has filled in. Their HTML has marks that `with_tokens`
    fills in."""

    def __init__(self, tenant: Tenant, *, address: str, query: str, version: str) -> None:
        """What all forms of the page share.

        Args:
            address: Below which the forms are sent, with its last slash.
            query: What stands behind the addresses: empty, or with its question mark.
            version: The version of the tenant that the page shows.
        """
        self._tenant = tenant
        self._texts = {
            "address": address,
            "query": query,
            "version": version,
            "token": _TOKEN_MARK,
            "owner": _OWNER_MARK,
        }

    def add(
        self,
        kind: FormKind,
        data: Mapping[str, str],
        *,
        is_first: bool = False,
        tone: str = "plain",
        beside: str = "",
        explanation: str = "",
        hidden: Mapping[str, str] | None = None,
        can_be_tried: bool = False,
    ) -> Shape:
        """Notes the texts of a form. The arguments are those of `FormView`.

        Args:
            data: Name of a field -> its text; a field that is missing is empty.
            hidden: Name -> value of hidden fields other than the version.

        Returns:
            What `written` takes for this form.
        """
        name, form, texts = kind.name, kind.form, self._texts
        for each in kind.texts:
            text = data.get(each, "")
            texts[f"{name}.{each}"] = text if text.isprintable() else strip_unprintable(text)
        if explanation:
            texts[f"{name}.explanation"] = explanation
        hidden = hidden or {}
        if suggested := data.get(SUGGESTED_LAST, ""):
            hidden = {**hidden, SUGGESTED_LAST: suggested}
        for each, value in hidden.items():
            texts[f"{name}.hidden.{each}"] = value
        noted: tuple[str, ...] = ()
        if kind.has_notes and issubclass(form, VerbForm):
            notes = form.notes(self._tenant, data)
            noted = tuple([each for each, note in notes.items() if note])
            for each in noted:
                texts[f"{name}.note.{each}"] = notes[each]
        labels: Mapping[str, str] = {}
        if kind.has_option_labels and issubclass(form, VerbForm):
            labels = form.option_labels(self._tenant)
            for each, label in labels.items():
                texts[f"{name}.option.{each}"] = label
        return Shape(
            kind,
            is_first,
            tone,
            beside,
            bool(explanation),
            tuple(hidden),
            noted,
            tuple(labels),
            tuple([(each, data.get(each, "")) for each in kind.choices]),
            can_be_tried,
        )

    def written(self, *groups: tuple[Shape, ...]) -> list[Markup]:
        """The HTML of each group of forms, all of which `add` has noted."""
        language, texts = locale_name(), self._texts
        # As str: `split` of a Markup would make each piece a Markup, which is slow.
        escaped = str(escape(_SEPARATOR.join(texts.values()))).split(_SEPARATOR)
        if len(escaped) != len(texts):
            # A text holds the separator: an old record may hold what no form accepts.
            escaped = [str(escape(text)) for text in texts.values()]
        values = dict(zip(texts, escaped, strict=True))
        # The template has escaped the pattern, and the rest is escaped here.
        return [Markup(_format(language, group) % values) for group in groups]  # noqa: S704


@lru_cache(512)
def _format(language: str, shapes: tuple[Shape, ...]) -> str:
    """The HTML of the forms with `%(name)s` for what is filled in."""
    html = "".join(_pattern(language, shape) for shape in shapes)
    return _PLACEHOLDER.sub(r"%(\1)s", html.replace("%", "%%"))


@lru_cache(1024)
def _pattern(language: str, shape: Shape) -> str:
    """The form with `[[name]]` for all that differs from tenant to tenant, and for the tokens. It
    must hold nothing of the request that asks first, nor of its tenant: others get it as well.

    Args:
        language: That of the request.
    """
    del language
    kind, name = shape.kind, shape.kind.name
    texts = {each: f"[[{name}.{each}]]" for each in kind.texts}
    form = kind.form(formdata=None, data={**texts, **dict(shape.choices)})
    if isinstance(form, VerbForm):
        form.labels = {value: f"[[{name}.option.{value}]]" for value in shape.option_values}
    notes = {each: f"[[{name}.note.{each}]]" for each in shape.noted}
    view = SimpleNamespace(
        name=name,
        legend=_(kind.legend),
        key=kind.key,
        is_first=shape.is_first,
        action=f"[[address]]{name}[[query]]",
        submit=_(kind.submit),
        tone=shape.tone,
        fields=form.views(name, **notes),
        hidden=[
            ("version", "[[version]]"),
            *((each, f"[[{name}.hidden.{each}]]") for each in shape.hidden),
        ],
        explanation=f"[[{name}.explanation]]" if shape.is_explained else "",
        preview_url=f"[[address]]{name}/preview[[query]]" if kind.is_previewed else "",
        try_url=f"[[address]]{name}/try[[query]]" if shape.can_be_tried else "",
    )
    macros = current_app.jinja_env.get_template(_TEMPLATE).module
    if shape.beside:
        return str(macros.beside(view, shape.beside))  # type: ignore[attr-defined] # a macro of the template
    if name == "note":
        return str(macros.decision(view, "[[token]]", "[[owner]]"))  # type: ignore[attr-defined] # as above
    return str(macros.part(view, "[[token]]", "[[owner]]"))  # type: ignore[attr-defined] # as above
