"""The form that makes an API token."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from portal.auth import (
    CALLS_PER_HOUR,
    DEFAULT_TOKEN_DAYS,
    IMPORTS_PER_HOUR,
    MAX_CALLS_PER_HOUR,
    MAX_TOKEN_DAYS,
    TOKEN_NAME_LENGTH,
    Scope,
)
from portal.contact_readers import Problem, ProblemError
from portal.web.forms import FieldView, Form, TextField, form_messages, line_reader
from portal.web.i18n import N_, _, format_number, labels


def _number_reader(most: int, *, required: bool) -> Callable[[str], int | None]:
    """A reader of a number from 1 to `most`. It raises `ProblemError`."""

    def read(text: str) -> int | None:
        digits = text.strip()
        if not digits and not required:
            return None
        if not (digits.isascii() and digits.isdigit() and len(digits) <= len(str(most))):
            raise ProblemError(Problem.CHOICE)
        if not 1 <= int(digits) <= most:
            raise ProblemError(Problem.CHOICE)
        return int(digits)

    return read


def _days_error(problem: Problem) -> str:
    del problem
    return _("Enter a number of days from 1 to %(most)s.", most=format_number(MAX_TOKEN_DAYS))


def _calls_error(problem: Problem) -> str:
    del problem
    return _(
        "Enter a number of calls from 1 to %(most)s, or nothing.",
        most=format_number(MAX_CALLS_PER_HOUR),
    )


def _scope_field(scope: Scope) -> TextField:
    return TextField(labels.SCOPE[scope], bool, form_messages.text, type="checkbox", required=False)


class TokenForm(Form):
    autocomplete = "off"

    name = TextField(
        N_("Name of the program"),
        line_reader(TOKEN_NAME_LENGTH),
        form_messages.text,
        hint=N_("The history of a tenant shows it beside what the program has changed."),
    )
    tenants_read = _scope_field(Scope.TENANTS_READ)
    tenants_write = _scope_field(Scope.TENANTS_WRITE)
    imports_write = _scope_field(Scope.IMPORTS_WRITE)
    days = TextField(
        N_("Days until it expires"),
        _number_reader(MAX_TOKEN_DAYS, required=True),
        _days_error,
        inputmode="numeric",
    )
    per_hour = TextField(
        N_("Calls in an hour"),
        _number_reader(MAX_CALLS_PER_HOUR, required=False),
        _calls_error,
        inputmode="numeric",
        required=False,
    )

    @staticmethod
    def initial_data() -> Mapping[str, str]:
        return {"days": str(DEFAULT_TOKEN_DAYS)}

    def validate(self, *args: Any, **kwargs: Any) -> bool:
        valid = bool(super().validate(*args, **kwargs))
        if not self.scopes():
            self.tenants_read.errors = [_("Choose at least one.")]
            return False
        return valid

    def scopes(self) -> list[Scope]:
        chosen = {
            Scope.TENANTS_READ: self.tenants_read,
            Scope.TENANTS_WRITE: self.tenants_write,
            Scope.IMPORTS_WRITE: self.imports_write,
        }
        return [scope for scope, field in chosen.items() if field.data]

    def life(self) -> timedelta:
        """Call it on a valid form only."""
        return timedelta(days=self.days.value)

    def scope_views(self) -> list[FieldView]:
        return [self.view(each) for each in (self.tenants_read, self.tenants_write,
                                             self.imports_write)]  # fmt: skip

    def per_hour_view(self) -> FieldView:
        note = _(
            "Without a number: %(imports)s if it only imports, else %(others)s.",
            imports=format_number(IMPORTS_PER_HOUR),
            others=format_number(CALLS_PER_HOUR),
        )
        return self.view(self.per_hour, note=note)
