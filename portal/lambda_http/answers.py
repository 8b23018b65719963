"""What Lambda takes as an answer, and how large."""

import json
from typing import Any

from portal.lambda_http.events import Kind

Answer = dict[str, Any]

#: AWS's limits of a whole answer, as JSON.
_FUNCTION_BYTES = 6_291_556
_LOAD_BALANCER_BYTES = 1_000_000
#: The most bytes that a character of an answer takes as JSON.
_LONGEST_ESCAPE = 6


class AnswerTooLargeError(Exception):
    """The answer is larger than what stands in front of the function takes."""


def most_bytes(kind: Kind) -> int:
    """How large an answer may be."""
    return _LOAD_BALANCER_BYTES if kind is Kind.LOAD_BALANCER else _FUNCTION_BYTES


def is_too_large(answer: Answer, kind: Kind) -> bool:
    """Whether AWS would replace this answer by an error of its own."""
    limit = most_bytes(kind)
    # To find out exactly takes as long as to send it.
    return len(answer["body"]) * _LONGEST_ESCAPE > limit and len(json.dumps(answer)) > limit


def refusal(
    status: int, error: str, sentence: str, *, kind: Kind, for_program: bool, is_single: bool
) -> Answer:
    """An answer in English that the application has not made.

    Args:
        error: Its name for programs.
        is_single: Whether what asks takes one value of each header.
    """
    body = json.dumps({"error": error, "message": sentence}) if for_program else sentence
    headers = {
        "Content-Type": "application/json" if for_program else "text/plain; charset=utf-8",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    answer: Answer = {"statusCode": status, "isBase64Encoded": False, "body": body}
    if kind is Kind.HTTP_API or is_single:
        answer["headers"] = headers
    else:
        answer["multiValueHeaders"] = {name: [value] for name, value in headers.items()}
    return answer
