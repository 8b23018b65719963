"""Finds damaged and shortened answers before they are parsed.

The SDK compares DynamoDB's checksum only to decide whether it tries again, does not compare the
length, and reads a body that is no JSON as an empty answer. So the absence of an error would be
taken for success. What an operation's answer must hold is checked where the operation is called.
"""

import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.client import BaseClient


class IncompleteAnswerError(Exception):
    """What came back is not the whole answer, or no answer of AWS at all. The text says why.

    The request may have been carried out.
    """


def check_whole_answers(client: "BaseClient") -> None:
    """Have the client raise `IncompleteAnswerError` for an answer that is not whole."""
    service = client.meta.service_model.service_id.hyphenize()
    client.meta.events.register(f"before-parse.{service}", _check)


def _check(response_dict: Mapping[str, Any], **_arguments: object) -> None:
    headers, body = response_dict["headers"], response_dict["body"]
    # AWS sends the checksum with every answer of DynamoDB, errors included. KMS and local engines
    # send none: then the length and what the answer holds have to do.
    checksum = headers.get("x-amz-crc32")
    if checksum is not None and checksum != str(zlib.crc32(body)):
        raise IncompleteAnswerError("the checksum is wrong")
    length = headers.get("content-length")
    if length is not None and length != str(len(body)):
        raise IncompleteAnswerError("the length is wrong")
    # An error of AWS has its code in the body. Anything else is an error of what stands between.
    status = response_dict["status_code"]
    if status >= 300 and b"__type" not in body and "x-amzn-errortype" not in headers:
        raise IncompleteAnswerError(f"status {status} without a code of AWS")
