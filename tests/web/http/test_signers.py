"""Signed texts are those of itsdangerous: what the one has signed, the other one reads."""

import pytest
from flask.json.tag import TaggedJSONSerializer
from itsdangerous import (
    BadSignature,
    SignatureExpired,
    URLSafeSerializer,
    URLSafeTimedSerializer,
)

from portal.web.http.signers import RandomTextSigner, TextSigner, TimedTextSigner

KEYS = ["old", "new"]
TEXTS = [
    {},
    ["a", 1, None],
    {"csrf_token": "0" * 40, "sent": ["é" * 20, "2030-01-01T00:00:00.000Z"]},
    "long " * 100,
]
#: As they are with a salt, and as Flask makes them for its sessions.
OPTIONS = [
    {"salt": "form"},
    {
        "salt": "cookie-session",
        "serializer": TaggedJSONSerializer(),
        "signer_kwargs": {"key_derivation": "hmac"},
    },
]
PAIRS = [(TextSigner, URLSafeSerializer), (TimedTextSigner, URLSafeTimedSerializer)]


@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("content", TEXTS)
def test_each_reads_what_the_other_one_signs(ours, theirs, options, content):
    own, usual = ours(KEYS, **options), theirs(KEYS, **options)
    assert usual.loads(own.dumps(content)) == content
    assert own.loads(usual.dumps(content)) == content
    # Once more, with the signer that is there already.
    assert usual.loads(own.dumps(content)) == own.loads(usual.dumps(content))


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("content", TEXTS)
def test_a_text_is_the_same_to_the_letter(options, content):
    usual = URLSafeSerializer(KEYS, **options).dumps(content)
    assert TextSigner(KEYS, **options).dumps(content) == usual
    # Compressed or not, both read it.
    plain = RandomTextSigner(KEYS, **options)
    assert plain.loads(usual) == content
    assert URLSafeSerializer(KEYS, **options).loads(plain.dumps(content)) == content


def test_what_is_random_is_the_same_to_the_letter():
    content = ["q8xZ2rT0bV5nK7mJ4hL1cW9d", 7]
    usual = URLSafeSerializer(KEYS, salt="form").dumps(content)
    assert RandomTextSigner(KEYS, salt="form").dumps(content) == usual


@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_earlier_keys_are_read_and_the_newest_one_signs(ours, theirs):
    own = ours(KEYS, salt="form")
    assert own.loads(theirs("old", salt="form").dumps(1)) == 1
    assert theirs("new", salt="form").loads(own.dumps(1)) == 1
    with pytest.raises(BadSignature):
        own.loads(theirs("other", salt="form").dumps(1))
    with pytest.raises(BadSignature):
        own.loads(theirs("new", salt="another form").dumps(1))


def test_another_salt_is_another_signature():
    own, usual = TextSigner(KEYS, salt="form"), URLSafeSerializer(KEYS, salt="form")
    own.dumps(1)
    assert own.dumps(1, salt="cursor") == usual.dumps(1, salt="cursor")
    assert own.dumps(1) == usual.dumps(1)


@pytest.mark.parametrize("text", ["", ".", "a", "a.b", "WzFd.x", "WzFd.Äß", "\ud800.x"])
@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_what_is_refused_is_refused_alike(ours, theirs, text):
    def outcome(serializer):
        try:
            return serializer.loads(text)
        except (BadSignature, UnicodeError) as error:
            return type(error)

    assert outcome(ours(KEYS, salt="form")) == outcome(theirs(KEYS, salt="form"))


def test_an_old_text_has_expired():
    own = TimedTextSigner(KEYS, salt="form")
    with pytest.raises(SignatureExpired):
        own.loads(own.dumps(1), max_age=-1)
