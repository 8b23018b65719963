"""A question to the customer of a sign-up, and its answer, as one text attribute of the tenant.

One attribute and not ten, so that retention erases all of it with one name, and no index can show
a part of it.
"""

import json
from typing import Any

from portal.records.attributes import format_optional_timestamp
from portal.tenants import Question
from portal.timestamps import parse_timestamp


def question_text(question: Question) -> str:
    """The question as JSON."""
    values = {
        "text": question.text,
        "at": format_optional_timestamp(question.at),
        "by": question.by,
        "who": question.who,
        "locale": question.locale,
        "before": dict(question.before),
        "answer": question.answer,
        "answeredAt": format_optional_timestamp(question.answered_at),
    }
    return json.dumps({name: each for name, each in values.items() if each}, ensure_ascii=False)


def question_of(text: str) -> Question | None:
    """The question in a stored text; `None` if there is none, or it cannot be read."""
    try:
        values = json.loads(text) if text else None
    except ValueError:
        return None
    if not isinstance(values, dict):
        return None
    at, before = parse_timestamp(_text(values, "at")), values.get("before", {})
    if at is None or not isinstance(before, dict):
        return None
    return Question(
        text=_text(values, "text"),
        at=at,
        by=_text(values, "by"),
        who=_text(values, "who"),
        locale=_text(values, "locale"),
        before=tuple((str(name), str(value)) for name, value in before.items()),
        answer=_text(values, "answer"),
        answered_at=parse_timestamp(_text(values, "answeredAt")),
    )


def _text(values: dict[str, Any], name: str) -> str:
    value = values.get(name, "")
    return value if isinstance(value, str) else ""
