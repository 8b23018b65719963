"""The query arguments of every API call, read in one way: which there are, how often, how long.

It knows no Flask, so a call that is answered ahead of Flask reads them in the same way.
"""

import unicodedata
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl

import orjson
from werkzeug import Response
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.exceptions import BadRequest

#: The longest value, in characters. The old application sends the name of an account where it does
#: not know the id.
LONGEST_VALUE: Final = 100


class ArgumentError(BadRequest):
    """The arguments cannot be used. Answered as JSON, as it is.

    Attributes:
        body: What the answer holds: `error`, and mostly `message`.
    """

    def __init__(self, error: str, message: str = "") -> None:
        self.body = {"error": error, "message": message} if message else {"error": error}
        answer = Response(orjson.dumps(self.body), 400, content_type="application/json")
        super().__init__(description=message or error, response=answer)


@dataclass(frozen=True, kw_only=True, slots=True)
class Parameters:
    """The query parameters that a call has. Each is sent once at most, but for `repeatable` ones.

    Attributes:
        invalid: The `error` of a value that cannot be used, or that is there twice.
        longest: The longest value, in characters.
    """

    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    repeatable: tuple[str, ...] = ()
    invalid: str = "invalid_parameter"
    longest: int = LONGEST_VALUE

    def read(self, query: str) -> ImmutableMultiDict[str, str]:
        """The arguments of a request.

        Args:
            query: The query string as the server has it: `environ["QUERY_STRING"]`.

        Raises:
            ArgumentError: An argument is unknown, repeated, missing, or cannot be used.
        """
        arguments = ImmutableMultiDict(self._pairs(query))
        known = (*self.required, *self.optional, *self.repeatable)
        if not arguments.keys() <= set(known):
            only = f"Send {_listed(known)} only." if known else "Send no query parameters."
            raise ArgumentError("unknown_parameter", only)
        once = (*self.required, *self.optional)
        if any(len(values) > 1 and name in once for name, values in arguments.lists()):
            # One of them may say this, and the other that.
            raise ArgumentError(self.invalid, f"Send {_listed(once)} once each.")
        if not all(arguments.get(name) for name in self.required):
            # Programs of the old service compare this sentence, so it names all of them.
            raise ArgumentError(f"Missing required parameters: {', '.join(self.required)}")
        for name, value in arguments.items(multi=True):
            if len(value) > self.longest or _has_control_character(value):
                raise ArgumentError(self.invalid, self._text_expected(name))
        return arguments

    def _pairs(self, query: str) -> list[tuple[str, str]]:
        """Also of arguments without `=`: `a=1&a` has `a` twice."""
        try:
            # Servers decode the bytes of an address as Latin-1, whatever they are.
            text = query if query.isascii() else query.encode("latin-1").decode("utf-8")
            return parse_qsl(text, keep_blank_values=True, errors="strict")
        except UnicodeDecodeError as error:
            raise ArgumentError(self.invalid, "Send the query parameters as UTF-8.") from error

    def _text_expected(self, name: str) -> str:
        return (
            f"Send {name} as text of at most {self.longest} characters, without control characters."
        )


def _has_control_character(text: str) -> bool:
    # The first test is the fast one, and nearly always enough.
    return not text.isprintable() and any(unicodedata.category(each) == "Cc" for each in text)


def _listed(names: tuple[str, ...]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
