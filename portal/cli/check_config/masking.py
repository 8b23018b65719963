"""Values of settings as they may be printed."""

import re

MASK = "********"

#: The password in an address, with an @ or a slash in it if somebody forgot to encode that, and
#: the user without one: it may be a key.
_USER_INFO = re.compile(r"(://(?:[^:/@\s]*(?=:))?:?)(.*)@", re.DOTALL)
#: What stands where a port would, and is none: a password before which somebody forgot the host.
_NO_PORT = re.compile(r"(://[^/?@\s]*?:)(?!\d{1,5}(?:[/?]|$))[^/?@]+")
#: The value of an argument whose name says that it is a secret.
_ARGUMENT = re.compile(
    r"([?&;][^=&\s]*(?:key|password|passwd|secret|signature|token)[^=&\s]*=)[^&\s]*", re.IGNORECASE
)


def masked(value: str, *, is_secret: bool, is_address: bool) -> str:
    """The value without what is secret in it, in characters that print.

    Of an address, the password is left out; any other secret is left out as a whole.
    """
    # An address with nothing behind its scheme, such as `file:`.
    is_harmless = value.endswith(":") and value.count(":") == 1 and is_address
    if is_secret and value and not is_harmless and not (is_address and "://" in value):
        return MASK
    shown = _USER_INFO.sub(rf"\g<1>{MASK}@", value)
    if is_secret:
        shown = _NO_PORT.sub(rf"\g<1>{MASK}", shown)
    shown = _ARGUMENT.sub(rf"\g<1>{MASK}", shown)
    return "".join(char if char.isprintable() else repr(char)[1:-1] for char in shown)
