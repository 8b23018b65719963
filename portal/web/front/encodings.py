"""Which of several encodings of an answer a client gets, by its header `Accept-Encoding`."""

from collections.abc import Sequence

from flask import request

#: Accepted by everybody who does not forbid it, and liked less than anything that they name.
_IDENTITY_UNNAMED = 0.0001
IDENTITY = "identity"


def best_encoding(available: Sequence[str]) -> str:
    """The one that the client likes best, or `identity`; of two that it likes alike, the first.

    A client that names no encoding gets none, though it forbids none either: it is a program that
    would save the compressed bytes as they are.
    """
    accepted = request.accept_encodings
    if not accepted:
        return IDENTITY
    named = {name.lower(): quality for name, quality in accepted}
    others = named.get("*")
    qualities = {
        encoding: named.get(encoding, others if others is not None else 0.0)
        for encoding in available
    }
    best = max(available, key=lambda each: qualities[each], default=IDENTITY)
    identity = named.get(IDENTITY, _IDENTITY_UNNAMED if others is None else others)
    # With `*` alone, whoever asks takes anything, so the smaller one.
    return best if qualities.get(best, 0) > 0 and qualities[best] >= identity else IDENTITY
