"""Reads the head of an answer of HTTP without the parser of mails.

`http.client` uses that one for the headers, which costs a tenth of a small call of DynamoDB. A head
that looks as AWS's do is a few lines of plain text. Any other is left to `http.client`.
"""

import io
import re
from http.client import HTTPMessage, HTTPResponse

_STATUS = re.compile(rb"HTTP/1\.1 ([2-5][0-9][0-9]) ([!-~][ -~]*)")
_FIELD = re.compile(rb"([A-Za-z0-9-]+): ?([!-~](?:[ -~]*[!-~])?)")
_LENGTH = re.compile(r"[0-9]{1,15}")
_MAX_FIELDS = 100


def with_plain_heads(kind: type[HTTPResponse]) -> type[HTTPResponse]:
    """A class for `response_class` of a connection that asks by `POST`, as all of AWS's JSON
    services want: `kind`, which reads plain heads itself."""

    class PlainHeadResponse(kind):  # type: ignore[misc,valid-type] # as a class made by a function
        def begin(self) -> None:
            headers: HTTPMessage | None = self.headers
            if headers is not None or not self._begin_plainly(self.fp):
                super().begin()

        def _begin_plainly(self, stream: io.BufferedReader) -> bool:
            # What one look at the socket brings. Nothing is taken before all of it is understood.
            head, end, _ = stream.peek().partition(b"\r\n\r\n")
            first, *lines = head.split(b"\r\n")
            status, fields = _STATUS.fullmatch(first), [*map(_FIELD.fullmatch, lines)]
            if not end or not status or len(fields) > _MAX_FIELDS or None in fields:
                return False
            message = HTTPMessage()
            for name, value in (field.groups() for field in fields if field):
                message[name.decode()] = value.decode()
            lengths = message.get_all("content-length", [])
            if (
                len(lengths) != 1
                or not _LENGTH.fullmatch(lengths[0])
                or "transfer-encoding" in message
                or message.get("connection", "keep-alive").lower() != "keep-alive"
                or status[1] in (b"204", b"304")
            ):
                return False
            stream.read(len(head) + len(end))
            self.code = self.status = int(status[1])
            self.reason = status[2].decode().strip()
            self.version = 11
            self.headers = self.msg = message
            self.chunked = self.will_close = False
            self.length = int(lengths[0])
            return True

    return PlainHeadResponse
