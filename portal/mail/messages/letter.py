"""A mail in words, before it is text and HTML."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One of a list: its name links to a page."""

    name: str
    text: str
    url: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """A list under a sentence. `more`: how many are left out; empty if none is."""

    heading: str
    rows: tuple[Row, ...]
    more: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Letter:
    """A mail in words. Text and HTML are both made of it, so they cannot differ.

    Attributes:
        quote: Words of staff, shown as such.
        is_about_request: The reference in its subject is one that people can name. So its body has
            it, too.
        link: The label and the address of the one thing to do next; `None` if there is none.
        also: The same of what else can be done, in their order.
    """

    subject: str
    greeting: str
    paragraphs: tuple[str, ...]
    quote: str = ""
    link: tuple[str, str] | None = None
    also: tuple[tuple[str, str], ...] = ()
    lists: tuple[Listing, ...] = ()
    is_about_request: bool = True
