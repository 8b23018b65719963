"""The latest question to the customer of a sign-up, and its answer, as staff read them."""

from collections.abc import Sequence
from dataclasses import dataclass

from portal.contact_fields import FORM_ORDER, ContactField, FieldKind
from portal.tenants import Status, Tenant
from portal.web.forms import readable_number
from portal.web.http import settings
from portal.web.i18n import _, dates, labels


@dataclass(frozen=True, kw_only=True, slots=True)
class QuestionView:
    """Ready strings. `answered`: when; empty while it waits for the answer. `corrected`: label, the
    value when the question was asked, and the value now, of each field that was named."""

    headline: str
    text: str
    answered: str
    answer: str
    corrected: Sequence[tuple[str, str, str]]


def question_view(tenant: Tenant) -> QuestionView | None:
    """`None` if the customer was not asked, or the sign-up is decided: the history has it then."""
    question = tenant.question
    if question is None or tenant.status is not Status.PENDING:
        return None
    zone = settings().time_zone
    asked = _(
        "%(who)s asked on %(time)s",
        who=labels.actor_label(question.by),
        time=dates.moment(question.at, zone),
    )
    answered = dates.moment(question.answered_at, zone)
    before = dict(question.before)
    return QuestionView(
        headline=asked,
        text=question.text,
        answered=_("The customer answered on %(time)s", time=answered) if answered else "",
        answer=question.answer,
        corrected=[
            (
                _(field.fact_label or field.label),
                _shown(field, before[field.name]),
                _shown(field, str(getattr(tenant.contact, field.name))),
            )
            for field in FORM_ORDER
            if field.name in before
        ],
    )


def _shown(field: ContactField, value: str) -> str:
    return (readable_number(value) if field.kind is FieldKind.PHONE else value) or "–"
