"""What DynamoDB answers: what a whole answer must hold, and why a write was refused."""

from collections.abc import Mapping
from typing import Any

from portal.stores.aws import IncompleteAnswerError
from portal.stores.schema import KEY

Answer = Mapping[str, Any]

_CONDITION_FAILED = "ConditionalCheckFailed"
_LISTS = frozenset({"Query", "Scan"})


def require_whole(operation: str, parameters: Mapping[str, Any], answer: Answer) -> None:
    """Refuse what is no answer to this request: the SDK reads a web page as an empty answer.

    Raises:
        IncompleteAnswerError: Something is missing, or belongs to another request.
    """
    # Every request asks for it, so every answer has it.
    if not answer.get("ConsumedCapacity"):
        raise IncompleteAnswerError("no ConsumedCapacity")
    if operation == "GetItem":
        item = answer.get("Item")
        if item is not None and item.get(KEY) != parameters["Key"][KEY]:
            raise IncompleteAnswerError("the item of another request")
    elif operation == "TransactGetItems":
        gets = [part["Get"]["Key"][KEY] for part in parameters["TransactItems"]]
        # One for each, in the same order; empty where no item has the id.
        responses = answer.get("Responses", ())
        if len(responses) != len(gets):
            raise IncompleteAnswerError("another number of Responses than of items")
        items = [response.get("Item") for response in responses]
        if any(item and item.get(KEY) != key for item, key in zip(items, gets, strict=True)):
            raise IncompleteAnswerError("the item of another request")
    elif operation in _LISTS:
        count = answer.get("Count")
        if count is None:
            raise IncompleteAnswerError("no Count")
        if parameters.get("Select") != "COUNT" and len(answer.get("Items", ())) != count:
            raise IncompleteAnswerError("another number of Items than Count")


def is_condition_failure(answer: Answer) -> bool:
    """Whether the condition of the write failed, and not the call."""
    code = answer.get("Error", {}).get("Code")
    if code == "ConditionalCheckFailedException":
        return True
    # The first code decides. After a conflict it is not certain that this change is the first
    # whose condition fails.
    return next((code for code, _ in cancellation_codes(answer)), "") == _CONDITION_FAILED


def cancellation_codes(answer: Answer) -> list[tuple[str, str]]:
    """Why a transaction was cancelled: code and message of the changes that failed, in order."""
    return [
        (reason["Code"], reason.get("Message") or "")
        for reason in answer.get("CancellationReasons", ())
        if reason.get("Code", "None") != "None"
    ]
