"""How long something took, in words that do not round a wait away."""

from datetime import timedelta

import pytest
from flask import Flask

from portal.web import dates


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(seconds=0.2), "1 second"),
        (timedelta(seconds=59.9), "59 seconds"),
        (timedelta(minutes=1), "1 minute"),
        (timedelta(minutes=59, seconds=59), "59 minutes"),
        (timedelta(hours=1), "1 hour"),
        (timedelta(hours=23, minutes=59), "23 hours"),
        (timedelta(hours=24), "1 day"),
        (timedelta(hours=47, minutes=59), "1 day"),
        (timedelta(days=13), "13 days"),
        (timedelta(days=59), "59 days"),
        (timedelta(days=90), "3 months"),
    ],
)
def test_a_wait_is_told_exactly_while_that_can_be_read(
    app: Flask, span: timedelta, words: str
) -> None:
    with app.test_request_context():
        assert dates.span(span) == words
        assert dates.ago(span) == f"{words} ago"
