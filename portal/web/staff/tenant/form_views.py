"""Forms of a tenant's page, as the template shows them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from portal.web.forms import FieldView, Form
from portal.web.staff.tenant.tried_view import TriedView
from portal.web.staff.tenant.validity_form import AGREED, Question


@dataclass(frozen=True, kw_only=True, slots=True)
class FormView:
    """A form as the template shows it.

    name: the prefix of its fields' ids.
    errors: id of the field (or empty) and sentence, for the summary.
    question: what the person is asked before the form is sent again.
    differences: between this sign-up and the tenant that the form is about.
    key: the shortcut key that opens the form.
    is_first: whether it stands open, before all others.
    open: whether the form is open when the page loads.
    beside: the name of the form that the browser sends together with this one.
    preview_url: where its mail is previewed; empty if it sends none with words of staff.
    mail: the preview.
    try_url: where its client id and secret are tried; empty if that is not offered.
    tried: what that has shown.
    """

    name: str
    action: str
    legend: str
    submit: str
    tone: str = "plain"
    fields: Sequence[FieldView] = ()
    errors: Sequence[tuple[str, str]] = ()
    question: Sequence[str] = ()
    differences: Sequence["Difference"] = ()
    hidden: Sequence[tuple[str, str]] = ()
    explanation: str = ""
    key: str = ""
    is_first: bool = False
    open: bool = False
    beside: str = ""
    preview_url: str = ""
    mail: "MailView | None" = None
    try_url: str = ""
    tried: TriedView | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class MailView:
    """The mail that a decision would send. `text` is empty if it sends none."""

    headline: str
    subject: str = ""
    text: str = ""
    locale: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Difference:
    """One detail of this sign-up, and of the tenant that its account already has."""

    label: str
    here: str
    there: str


@dataclass(frozen=True, kw_only=True, slots=True)
class SubmittedForm:
    """A form that was sent and refused, or whose mail is previewed. It is shown again with
    everything that was typed.

    question: what the person is asked, if it was refused only because nobody agreed yet.
    mail: the preview.
    tried: what a try of its credentials has shown.
    """

    name: str
    form: Form
    question: Question | None = None
    mail: MailView | None = None
    tried: TriedView | None = None


def asked(question: Question, hidden: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The texts of a form whose button now answers the question."""
    return {
        "question": question.sentences,
        "submit": question.button,
        "tone": "negative",
        "hidden": [*hidden, (AGREED, question.agreed)],
    }
