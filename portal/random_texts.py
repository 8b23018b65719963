"""Random texts of given characters, for references and for secrets in links."""

import secrets


def random_text(alphabet: str, length: int) -> str:
    """`length` characters of `alphabet`, each as likely as any other. The system is asked for one
    number, and not for each character by itself, which takes twenty times as long."""
    return as_digits(secrets.randbelow(len(alphabet) ** length), alphabet, length)


def as_digits(number: int, alphabet: str, length: int) -> str:
    """The last `length` digits of `number`, the last one first, written with these characters."""
    digits = []
    for _ in range(length):
        number, digit = divmod(number, len(alphabet))
        digits.append(alphabet[digit])
    return "".join(digits)
