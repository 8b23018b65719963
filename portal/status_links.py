"""The secret of a status link that a mail carries.

The store holds only a hash of the secret that the customer got after the sign-up, so no mail can
repeat that one. A mail carries another secret, which whoever has the signing key can compute again
at any time: nothing is stored for it, and each mail of a tenant has the same link. It is bound to
the stored hash: when that is erased or replaced, the links of all mails end as well.
"""

import hmac
import string

_LETTERS_AND_DIGITS = string.ascii_letters + string.digits


def mailed_secret(key: str, reference: str, stored_hash: str) -> str:
    """32 letters and digits (190 bits). Mail programs cut a link that ends with "-" or "_".

    Args:
        key: The key that signs.
        reference: Of the sign-up.
        stored_hash: The hash of the secret of the customer's own link.
    """
    own_key = hmac.digest(key.encode(), b"status link in a mail", "sha256")
    digest = hmac.digest(own_key, f"{reference}\0{stored_hash}".encode(), "sha256")
    return "".join(_LETTERS_AND_DIGITS[byte % 62] for byte in digest)
