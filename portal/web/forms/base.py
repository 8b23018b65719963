"""Fields and forms: they read text into values and make views for templates.

`portal.contact_readers` reads most texts. The sentence about an error is the same beside the
field and in the summary. Templates get a `FieldView` for each field: ready texts, so that they
only print.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import request
from flask_wtf import FlaskForm
from wtforms import Field, ValidationError
from wtforms.widgets import TextInput

from portal import contact_readers
from portal.contact_readers import Problem, ProblemError
from portal.sealing import Secret
from portal.tenants import SECRET_LENGTH, cluster_of, is_id
from portal.web.http import services, strip_unprintable
from portal.web.i18n import _

_VERSION = re.compile(r"[0-9]{1,15}", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldView:
    """A field as a template shows it. `options`: value, label, and whether it is chosen."""

    name: str
    id: str
    label: str
    value: str = ""
    hint: str = ""
    error: str = ""
    note: str = ""
    type: str = "text"
    autocomplete: str = ""
    inputmode: str = ""
    required: bool = True
    options: Sequence[tuple[str, str, bool]] = ()


class TextField(Field):  # type: ignore[misc] # WTForms publishes no types
    """One value, read from the text that was typed.

    data: the text as it was typed.
    value: what `reader` made of it.
    reader: text -> value; raises `ProblemError`.
    error_text: problem -> the sentence about it.
    is_untouched: the text is the one that the form was shown with, so it is not read: the stored
        value stays, even if this reader, or this person's language, would make another one of it.
    view_options: further fields of `FieldView`; also `choices` and `hint`, which are translated.
    """

    widget = TextInput()

    def __init__(
        self,
        label: str,
        reader: Callable[[str], Any],
        error_text: Callable[[Problem], str],
        **view_options: Any,
    ) -> None:
        names = ("name", "_form", "_prefix", "_translations", "_meta")
        of_wtforms = {name: view_options.pop(name) for name in names if name in view_options}
        super().__init__(label, **of_wtforms)
        self.reader = reader
        self.error_text = error_text
        self.view_options = {"required": True, **view_options}
        self.value: Any = None
        self.is_untouched = False

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = valuelist[0] if valuelist else ""

    def pre_validate(self, form: FlaskForm) -> None:
        del form
        if self.is_untouched:
            return
        try:
            self.value = self.reader(self.data or "")
        except ProblemError as error:
            raise ValidationError(self.error_text(error.problem)) from error


class Form(FlaskForm):  # type: ignore[misc] # Flask-WTF publishes no types
    """A form that does not check its token: `portal.web.http` checks it before any view runs.

    autocomplete: the HTML attribute of fields that have none of their own.
    """

    autocomplete = ""

    class Meta:
        csrf = False

    def views(self, prefix: str = "", /, **notes: str) -> list[FieldView]:
        """All fields. A page with several forms gives each a prefix, which its ids begin with.

        notes: name of a field -> note beside it.
        """
        return [self.view(field, prefix, notes.get(field.short_name, "")) for field in self]

    def view(self, field: Any, prefix: str = "", note: str = "") -> FieldView:
        options = dict(field.view_options)
        choices = options.pop("choices", ())
        hint = options.pop("hint", "")
        autocomplete = options.pop("autocomplete", "") or self.autocomplete
        typed = strip_unprintable(field.data or "")
        return FieldView(
            name=field.short_name,
            id=_field_id(prefix, field.short_name),
            label=_(field.label.text),
            # A secret is never written into a page, not even for the person who typed it.
            value="" if options.get("type") == "secret" else typed,
            error=str(field.errors[0]) if field.errors else "",
            note=note,
            autocomplete=autocomplete,
            options=[(value, _(label), value == typed) for value, label in choices],
            hint=_(hint) if hint else "",
            **options,
        )

    def typed(self) -> dict[str, str]:
        """Name of each field -> the text that it holds."""
        return {field.short_name: field.data or "" for field in self}

    def problems(self, prefix: str = "") -> list[tuple[str, str]]:
        """For the summary: the id of each field with an error, and the sentence beside it."""
        return [
            (_field_id(prefix, field.short_name), str(field.errors[0]))
            for field in self
            if field.errors
        ]


def _field_id(prefix: str, name: str) -> str:
    return f"{prefix}-{name}" if prefix else name


# ---- Readers


def form_version(name: str = "version") -> int | None:
    """The version of the tenant that the form was made from.

    `None` for a record without a version, for which the form holds 0. -1, which no tenant has,
    if the form was tampered with.
    """
    text = request.form.get(name, "")
    return (int(text) or None) if _VERSION.fullmatch(text) else -1


def is_final_id(text: str) -> bool:
    """Whether the text has the form of an activated tenant's id: account id, `_`, company id."""
    account_id, _, company_id = text.partition("_")
    return is_id(account_id) and is_id(company_id)


def read_id(text: str) -> str:
    """An account or company id.

    Raises:
        ProblemError: the text is empty, or no such id.
    """
    trimmed = contact_readers.without_meaningless(text)
    if not trimmed:
        raise ProblemError(Problem.MISSING)
    if not is_id(trimmed):
        raise ProblemError(Problem.ID)
    return trimmed


def read_cluster(text: str) -> str:
    """The host label of a cluster, cut out of a pasted host.

    Raises:
        ProblemError: the text is empty, or no cluster.
    """
    if not text.strip():
        raise ProblemError(Problem.MISSING)
    cluster = cluster_of(text)
    if cluster is None:
        raise ProblemError(Problem.CLUSTER)
    return cluster


def read_day(text: str) -> date:
    """A day written as `YYYY-MM-DD`, between 2000 and 2199.

    Raises:
        ProblemError: the text is no such day.
    """
    trimmed = contact_readers.without_meaningless(text)
    if not _DAY.fullmatch(trimmed):
        raise ProblemError(Problem.DATE)
    try:
        day = date.fromisoformat(trimmed)
    except ValueError as error:
        raise ProblemError(Problem.DATE) from error
    if not 2000 <= day.year <= 2199:
        raise ProblemError(Problem.DATE)
    return day


def read_secret(text: str) -> Secret | None:
    """The secret exactly as it was typed; `None` if the text is empty.

    Raises:
        ProblemError: the text is too long.
    """
    if len(text) > SECRET_LENGTH:
        raise ProblemError(Problem.TOO_LONG)
    return Secret(text, services().links.secret_fingerprint(text)) if text else None


def line_reader(max_length: int, *, required: bool = True) -> Callable[[str], str]:
    """A reader of one line of text. It raises `ProblemError`."""
    return lambda text: contact_readers.read_line(text, most=max_length, required=required)
