"""Fields, their words, and what they mean once they are right.

A form reads plain text into values by `portal.contacts`; the words for what is wrong are the
same beside the field and in the summary. Templates get `FieldView`s, ready to be written.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import request
from flask_wtf import FlaskForm
from wtforms import Field, ValidationError
from wtforms.widgets import TextInput

from portal import contacts
from portal.contacts import Problem, ProblemError
from portal.sealing import Secret
from portal.tenants import REJECT_REASONS, SUSPEND_REASONS, Contact, Ids, Reason, Validity
from portal.web import words
from portal.web.context import services, settings
from portal.web.translate import N_, _, territory

NAME_LENGTH = 200
MESSAGE_LENGTH = 2000
SECRET_LENGTH = 500
_ID = re.compile(r"[A-Za-z0-9]{1,40}", re.ASCII)
_VERSION = re.compile(r"[0-9]{1,15}", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
#: No HTML may hold these, not even escaped: controls but white space, and what is no character.
_NOT_IN_HTML = re.compile(
    "[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef"
    + "".join(chr(plane << 16 | 0xFFFE) + chr(plane << 16 | 0xFFFF) for plane in range(17))
    + "]"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class FieldView:
    """A field as a template shows it: ready strings. `options`: (value, words, chosen)."""

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


class Text(Field):  # type: ignore[misc] # WTForms publishes no types
    """One value, read from text by `reader`; `problem` says in words what is wrong with it.

    `data` is the text as it was typed, `read` the value.
    """

    widget = TextInput()

    def __init__(
        self,
        label: str,
        reader: Callable[[str], Any],
        problem: Callable[[Problem], str],
        **shown: Any,
    ) -> None:
        names = ("name", "_form", "_prefix", "_translations", "_meta")
        wtforms = {name: shown.pop(name) for name in names if name in shown}
        super().__init__(label, **wtforms)
        self.reader = reader
        self.problem = problem
        self.shown = {"required": True, **shown}
        self.read: Any = None

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = valuelist[0] if valuelist else ""

    def pre_validate(self, form: FlaskForm) -> None:
        del form
        try:
            self.read = self.reader(self.data or "")
        except ProblemError as error:
            raise ValidationError(self.problem(error.problem)) from error


class Form(FlaskForm):  # type: ignore[misc] # Flask-WTF publishes no types
    """The token of each form is checked for all of them at the door: portal.web.security."""

    class Meta:
        csrf = False

    def views(self, verb: str = "", **notes: str) -> list[FieldView]:
        """The fields for a template; ids begin with `verb` where a page has several forms."""
        return [self.view(field, verb, notes.get(field.short_name, "")) for field in self]

    def view(self, field: Any, verb: str = "", note: str = "") -> FieldView:
        shown = dict(field.shown)
        choices = shown.pop("choices", ())
        hint = shown.pop("hint", "")
        typed = showable(field.data or "")
        return FieldView(
            name=field.short_name,
            id=_id(verb, field.short_name),
            label=_(field.label.text),
            # A secret is never written into a page, not even back to who typed it.
            value="" if shown.get("type") == "password" else typed,
            error=str(field.errors[0]) if field.errors else "",
            note=note,
            options=[(value, _(label), value == typed) for value, label in choices],
            hint=_(hint) if hint else "",
            **shown,
        )

    def problems(self, verb: str = "") -> list[tuple[str, str]]:
        """For the summary: the field's id, and the same words as beside it."""
        return [
            (_id(verb, field.short_name), str(field.errors[0])) for field in self if field.errors
        ]


def _id(verb: str, name: str) -> str:
    return f"{verb}-{name}" if verb else name


def showable(typed: str) -> str:
    """What a page can show again of a text that somebody sent."""
    return _NOT_IN_HTML.sub("", typed)


# ---- Readers


def seen_version(name: str = "version") -> int | None:
    """The version that the form was made from; 0 stands for a record without one. A form that
    was tampered with has seen nothing that can be there."""
    text = request.form.get(name, "")
    return (int(text) or None) if _VERSION.fullmatch(text) else -1


def is_id(text: str) -> bool:
    """Whether it may be an account or company id: letters and digits, at most 40."""
    return _ID.fullmatch(text) is not None


def is_final_id(text: str) -> bool:
    """Whether it may be the id of a tenant that was activated: account id, `_`, company id."""
    account_id, _, company_id = text.partition("_")
    return is_id(account_id) and is_id(company_id)


def read_id(text: str) -> str:
    """An account or company id. `ProblemError`."""
    trimmed = text.strip()
    if not trimmed:
        raise ProblemError(Problem.MISSING)
    if not is_id(trimmed):
        raise ProblemError(Problem.ID)
    return trimmed


def read_day(text: str) -> date:
    """`YYYY-MM-DD` between 2000 and 2199. `ProblemError`."""
    if not _DAY.fullmatch(text.strip()):
        raise ProblemError(Problem.DATE)
    try:
        day = date.fromisoformat(text.strip())
    except ValueError as error:
        raise ProblemError(Problem.DATE) from error
    if not 2000 <= day.year <= 2199:
        raise ProblemError(Problem.DATE)
    return day


def read_secret(text: str) -> Secret | None:
    """The secret exactly as it was typed, or `None`. `ProblemError`."""
    if len(text) > SECRET_LENGTH:
        raise ProblemError(Problem.TOO_LONG)
    return Secret(text, services().links.mark_of_secret(text)) if text else None


def _line(most: int, *, required: bool = True) -> Callable[[str], str]:
    return lambda text: contacts.read_line(text, most=most, required=required)


def _phone(text: str) -> contacts.Phone | None:
    return contacts.read_phone(text, region())


def region() -> str:
    """The region that the browser's language names (`de-CH`: `CH`), or an empty text: only a
    default, for numbers without a country code."""
    for language in request.accept_languages.values():
        country = language.replace("_", "-").rpartition("-")[2]
        if len(country) == 2 and country.isalpha() and "-" in language.replace("_", "-"):
            return country.upper()
    return ""


# ---- The customer's forms


class ContactForm(Form):
    company = Text(
        N_("Company name"),
        _line(contacts.COMPANY_LENGTH),
        words.company_problem,
        autocomplete="organization",
    )
    name = Text(
        N_("Your name"),
        _line(contacts.NAME_LENGTH),
        words.name_problem,
        autocomplete="name",
    )
    email = Text(
        N_("Email address"),
        contacts.read_email,
        words.email_problem,
        type="email",
        autocomplete="email",
        hint=N_("We use it only for questions about your access."),
    )
    phone = Text(
        N_("Phone number"),
        _phone,
        words.phone_problem,
        type="tel",
        autocomplete="tel",
        required=False,
        hint=N_("With country code, like +49 30 901820."),
    )

    def __iter__(self) -> Any:
        """The same order in every form, whichever fields it words anew."""
        return iter(self._fields[name] for name in ("company", "name", "email", "phone"))

    def to_contact(self) -> Contact:
        """Only of a form that is valid."""
        phone: contacts.Phone | None = self.phone.read
        return Contact(
            company=self.company.read,
            name=self.name.read,
            email=self.email.read,
            phone=phone.e164 if phone else "",
            phone_typed=phone.typed if phone and phone.typed != phone.e164 else "",
            phone_extension=phone.extension if phone else "",
        )


class ChangeForm(ContactForm):
    """The customer's own changes. What is masked on the page stays as it is if left empty."""

    email = Text(
        N_("Email address"),
        lambda text: contacts.read_email(text) if text.strip() else "",
        words.email_problem,
        type="email",
        autocomplete="email",
        required=False,
    )

    def to_contact_over(self, old: Contact) -> Contact:
        """Only of a form that is valid."""
        new = self.to_contact()
        keeps_phone = not new.phone
        return Contact(
            company=new.company,
            name=new.name,
            email=new.email or old.email,
            phone=old.phone if keeps_phone else new.phone,
            phone_typed=old.phone_typed if keeps_phone else new.phone_typed,
            phone_extension=old.phone_extension if keeps_phone else new.phone_extension,
        )


class StaffContactForm(ContactForm):
    """The same for staff, who write about somebody else."""

    name = Text(N_("Contact's name"), _line(contacts.NAME_LENGTH), words.contact_name_problem)
    email = Text(
        N_("Email address"), contacts.read_email, words.contact_email_problem, type="email"
    )
    phone = Text(
        N_("Phone number"), _phone, words.phone_problem, type="tel", required=False,
        hint=N_("With country code, like +49 30 901820."),
    )  # fmt: skip


def email_note(typed: str) -> str:
    """A hint for an address that can be used, but may be a slip."""
    try:
        likelier = contacts.likelier_email(contacts.read_email(typed))
    except ProblemError:
        return ""
    return _("Did you mean %(address)s?", address=likelier) if likelier else ""


def phone_note(typed: str) -> str:
    """How a number was read."""
    try:
        phone = contacts.read_phone(typed, region())
    except ProblemError:
        return ""
    if phone is None:
        return ""
    country = territory(phone.region)
    if not phone.in_use:
        return _(
            "We read this as %(number)s (%(country)s). No such number seems to be in use there;"
            " please check it.",
            number=phone.international,
            country=country,
        )
    return _(
        "We read this as %(number)s (%(country)s).", number=phone.international, country=country
    )


def ids_of(fields: Any) -> Ids | None:
    """The ids that a link out of the Field Service Management shell claims; what is not well
    formed was not written by it, and is left out."""
    try:
        return Ids(
            account_id=read_id(fields.get("account_id", "")),
            company_id=read_id(fields.get("company_id", "")),
            account_name=_line(NAME_LENGTH, required=False)(fields.get("account_name", "")),
            company_name=_line(NAME_LENGTH, required=False)(fields.get("company_name", "")),
            cluster=_line(40, required=False)(fields.get("cluster", "")),
        )
    except ProblemError:
        return None


# ---- The forms of staff


class IdsForm(Form):
    account_id = Text(N_("Account id"), read_id, words.account_id_problem, inputmode="numeric")
    company_id = Text(N_("Company id"), read_id, words.company_id_problem, inputmode="numeric")
    account_name = Text(
        N_("Account name"), _line(NAME_LENGTH, required=False), words.text_problem, required=False
    )
    company_name = Text(
        N_("Company name"), _line(NAME_LENGTH, required=False), words.text_problem, required=False
    )
    cluster = Text(
        N_("Cluster"),
        _line(40, required=False),
        words.text_problem,
        required=False,
        hint=N_("Like eu or us."),
    )

    def to_ids(self) -> Ids:
        return Ids(
            account_id=self.account_id.read,
            company_id=self.company_id.read,
            account_name=self.account_name.read,
            company_name=self.company_name.read,
            cluster=self.cluster.read,
        )


class ValidityForm(Form):
    valid_from = Text(N_("Valid from"), read_day, words.date_problem, type="date")
    valid_to = Text(N_("Valid through"), read_day, words.date_problem, type="date")
    term = Text(
        N_("A term instead"),
        str,
        words.choice_problem,
        type="select",
        required=False,
        hint=N_("Counts from the first day, and takes the place of the last."),
        choices=[
            ("", N_("None: the two days above")),
            ("30d", N_("30 days")),
            ("1y", N_("One year")),
            ("eoy", N_("Through 31 December")),
        ],
    )

    def validate(self, *args: Any, **kwargs: Any) -> bool:
        self._apply_term()
        valid = super().validate(*args, **kwargs)
        if valid and self.valid_to.read < self.valid_from.read:
            self.valid_to.errors = [_("The end must not be before the start.")]
            return False
        return bool(valid)

    def _apply_term(self) -> None:
        """A preset counts from the first day, and stands in for the last one."""
        try:
            first = read_day(self.valid_from.data or "")
        except ProblemError:
            return
        match self.term.data:
            case "30d":
                last = first + timedelta(days=29)
            case "1y":
                last = _year_later(first) - timedelta(days=1)
            case "eoy":
                last = date(first.year, 12, 31)
            case _:
                return
        self.valid_to.data = last.isoformat()
        self.term.data = ""

    def to_validity(self) -> Validity:
        return Validity.of_days(self.valid_from.read, self.valid_to.read, settings().time_zone)


def _year_later(day: date) -> date:
    try:
        return day.replace(year=day.year + 1)
    except ValueError:  # 29 February
        return date(day.year + 1, 3, 1)


class ClientForm(Form):
    client_id = Text(
        N_("Client id"), _line(NAME_LENGTH, required=False), words.text_problem, required=False
    )
    client_secret = Text(
        N_("Client secret"),
        read_secret,
        words.text_problem,
        required=False,
        type="password",
        autocomplete="off",
        hint=N_("Sealed at once, and never shown again."),
    )


class ActivateForm(ClientForm, ValidityForm, IdsForm):
    """Everything at once: the ids, the licence and the OAuth client."""

    def __iter__(self) -> Any:
        order = (
            *("account_id", "company_id", "account_name", "company_name", "cluster"),
            *("valid_from", "valid_to", "term", "client_id", "client_secret"),
        )
        return iter(self._fields[name] for name in order)


def _reason(reasons: Sequence[Reason]) -> Text:
    def read(text: str) -> Reason:
        for reason in reasons:
            if text == reason.value:
                return reason
        raise ProblemError(Problem.CHOICE)

    choices = [("", N_("Choose …")), *((reason.value, words.REASON[reason]) for reason in reasons)]
    return Text(N_("Reason"), read, words.choice_problem, type="select", choices=choices)


class RejectForm(Form):
    reason = _reason(REJECT_REASONS)
    message = Text(
        N_("Words for the customer"),
        lambda text: contacts.read_text(text, most=MESSAGE_LENGTH),
        words.text_problem,
        required=False,
        type="textarea",
        hint=N_("Shown on the customer's page, as you write them."),
    )


class SuspendForm(Form):
    reason = _reason(SUSPEND_REASONS)


class NoteForm(Form):
    text = Text(
        N_("Note"),
        lambda text: contacts.read_text(text, most=MESSAGE_LENGTH, required=True),
        words.text_problem,
        type="textarea",
        hint=N_("For staff only."),
    )


class PlainForm(Form):
    """A button."""
