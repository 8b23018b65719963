"""A secret reveals itself only when it is asked to, and a sealed one is recognised by its tag."""

import pytest

from portal.sealing.contract import Secret, is_sealed

SECRET = "s3cr3t of a client, with ü"


def test_a_secret_is_not_printed_by_accident():
    secret = Secret(SECRET)
    shown = [repr(secret), str(secret), f"{secret}", repr([secret]), repr({"s": secret})]
    assert not [text for text in shown if "s3cr3t" in text]
    assert secret.reveal() == SECRET
    assert not hasattr(secret, "__dict__")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("v1.kms.QUJD", True), ("v1.loc.0a1b2c3d.QUJD-_", True), ("", False), ("s3cr3t", False),
        ("v1.", False), ("v1.secret of mine", False), ("V1.loc.0a1b2c3d.QUJD", False),
        ("v1.loc.0a1b2c3d.QUJD\n", False), (" v1.kms.QUJD", False),
        # Texts that somebody may have typed.
        ("v1.prod.Xy7-secret", False), ("v1.kms.QUJD.QUJD", False), ("v1.loc.QUJD", False),
    ],
)  # fmt: skip
def test_a_text_without_the_tag_is_plaintext(text, expected):
    assert is_sealed(text) is expected
