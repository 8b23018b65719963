"""No mail in German holds English, whatever it tells of: each kind in all its variants."""

import re

import pytest

from portal.mail.customers.kinds import Kind
from portal.mail.messages.letter import Letter
from portal.settings import Settings
from portal.stores.contract import Store
from tests.mail.customers.letter_variants import digests, letters, sent
from tests.mail.letters_and_facts import words_of_html
from tests.web.i18n.test_catalogues import ENGLISH, GLUED

ADDRESS = re.compile(r"https?://\S+")


def said(letter: Letter) -> set[str]:
    lists = {text for each in letter.lists for text in (each.heading, each.more)}
    rows = {row.text for each in letter.lists for row in each.rows}
    links = {label for label, _url in ((letter.link or ("", "")), *letter.also)}
    return ({letter.subject, letter.greeting, *letter.paragraphs} | lists | rows | links) - {""}


def german_and_english(letter: Letter, english: Letter) -> None:
    mail = sent(letter, "de")
    for text in (letter.subject, mail.text(), words_of_html(mail)):
        without_addresses = ADDRESS.sub("", text)
        assert not ENGLISH.search(without_addresses), text
        assert not GLUED.search(without_addresses), text
    # A text that the catalogue does not have stays as it is.
    assert not said(letter) & said(english)


@pytest.mark.parametrize("kind", Kind)
def test_a_german_mail_goes_on_in_small_letters_after_its_greeting(kind: Kind) -> None:
    """The greeting ends with a comma. What addresses the reader keeps its capital."""
    for german, _english in letters(kind):
        first = german.paragraphs[0].split()[0]
        assert first[0].islower() or first in {"Ihr", "Ihre", "Ihren", "Ihnen", "Sie"}, first


@pytest.mark.parametrize("kind", Kind)
def test_every_variant_of_a_mail_is_german_from_end_to_end(kind: Kind) -> None:
    variants = list(letters(kind))
    assert variants
    for german, english in variants:
        german_and_english(german, english)


def test_the_digest_is_german_from_end_to_end(store: Store, settings: Settings) -> None:
    german, english = digests(store, settings)
    assert [len(each.rows) for each in german.lists] == [10, 10]
    german_and_english(german, english)
