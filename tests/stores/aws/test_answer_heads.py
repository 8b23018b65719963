"""Heads of answers are read as `http.client` reads them, whatever they hold."""

import io
from http.client import HTTPException, HTTPResponse
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.stores.aws.answer_heads import with_plain_heads

AWS = (
    b"HTTP/1.1 200 OK\r\nServer: Server\r\nDate: Mon, 30 Nov 2026 10:00:00 GMT\r\n"
    b"Content-Type: application/x-amz-json-1.0\r\nContent-Length: 2\r\nConnection: keep-alive\r\n"
    b"x-amzn-RequestId: R1\r\nx-amz-crc32: 2745614147\r\n\r\n{}"
)


class Arrived:
    """A socket on which an answer has arrived, in pieces of so many bytes."""

    def __init__(self, answer: bytes, piece: int) -> None:
        self._answer, self._piece = answer, piece

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(io.BytesIO(self._answer), self._piece)


def read(kind: type[HTTPResponse], answer: bytes, piece: int = 8192) -> Any:
    response: Any = kind(Arrived(answer, piece), method="POST")  # type: ignore[arg-type] # as much of a socket as it needs
    try:
        response.begin()
        return (
            response.status, response.code, response.reason, response.version,
            response.getheaders(), response.length, response.chunked, response.will_close,
            response.msg is response.headers, response.read(),
        )  # fmt: skip
    except (HTTPException, ValueError) as error:
        return type(error)


def assert_alike(answer: bytes, piece: int = 8192) -> Any:
    found = read(with_plain_heads(HTTPResponse), answer, piece)
    assert found == read(HTTPResponse, answer, piece)
    return found


class LeftToOthers(HTTPResponse):
    def begin(self) -> None:
        raise HTTPException


def test_an_answer_of_aws_is_read_here() -> None:
    assert assert_alike(AWS) == read(with_plain_heads(LeftToOthers), AWS)


@pytest.mark.parametrize("piece", [1, 20, 100, len(AWS) - 2, len(AWS) - 3])
def test_one_that_comes_in_pieces(piece: int) -> None:
    assert_alike(AWS, piece)


@pytest.mark.parametrize(("old", "new"), [
    (b"HTTP/1.1", b"HTTP/1.0"), (b"HTTP/1.1", b"HTTP/2"), (b"HTTP/1.1 200", b"200"),
    (b" 200 OK", b" 200"), (b" 200 OK", b" 200 "), (b" 200 OK", b" 400 Bad Request "),
    (b" 200", b" 204"), (b" 200", b" 304"), (b" 200", b" 600"), (b" 200", b" 2000"),
    (b"HTTP/1.1 200", b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200"),
    (b"Length: 2", b"Length: 0"), (b"Length: 2", b"Length: +2"), (b"Length: 2", b"Length: 1_0"),
    (b"Length: 2", b"Length: 1"), (b"Length: 2", b"Length: 3"), (b"Length: 2", b"Length: -1"),
    (b"Length: 2", b"Length: " + b"9" * 5000), (b"Content-Length: 2\r\n", b""),
    (b"Length: 2", b"Length: 2\r\nContent-Length: 1"),
    (b"Content-Length: 2", b"Transfer-Encoding: chunked"),
    (b"Length: 2", b"Length: 2\r\nTransfer-Encoding: chunked"),
    (b"keep-alive", b"close"), (b"keep-alive", b"Keep-Alive, close"), (b"keep-alive", b""),
    (b"R1", b"R1\r\n and more"), (b"R1", b"R\xc3\xa41"), (b"R1", b"  R1 "), (b"R1", b"R\t1"),
    (b"R1", b"R1\nOdd: 1"), (b"R1", b"R1\rOdd"), (b"RequestId: ", b"RequestId:"),
    (b"RequestId: ", b"RequestId "), (b"RequestId: ", b"RequestId : "), (b"Server: ", b" Server: "),
    (b"Date", b"Server"), (b"\r\n", b"\n"), (AWS, b""), (AWS, AWS[:-4]), (AWS, b"<html>"),
], ids=repr)  # fmt: skip
def test_an_unusual_answer(old: bytes, new: bytes) -> None:
    assert old in AWS
    assert_alike(AWS.replace(old, new))


def test_one_with_too_many_headers() -> None:
    assert_alike(AWS.replace(b"Date", b"X-A: 1\r\n" * 101 + b"Date"))


@given(at=st.integers(0, len(AWS)), length=st.integers(0, 9), new=st.binary(max_size=4))
def test_an_answer_with_any_change(at: int, length: int, new: bytes) -> None:
    assert_alike(AWS[:at] + new + AWS[at + length :])
