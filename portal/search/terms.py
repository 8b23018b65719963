"""The terms by which a tenant is found: each is a word in one form, of which people type the
beginning.

An entry costs write units, so a tenant has at most `MOST_TERMS`. Ids, phone number and address come
first, then four words of the contact's name and the company's words. What is left is filled with
parts of joined words and with the names of account and company in Field Service Management. Of a
very long name, the last words are left out. So is the beginning of another term: whoever types it
finds that one.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from portal import records
from portal.records import TERM_INDEXES
from portal.search.folding import folded, joined, parts_of, words_of
from portal.stores import Item
from portal.tenants import Tenant

#: Counts the ways in which entries were made. The walk makes those of an earlier one anew.
LAYOUT = 1
#: All terms of a tenant: five entries.
MOST_TERMS = 15
#: Words of a contact's name that come before the words of the company.
_NAME_WORDS = 4
#: Characters of one term. It stands in a sort key together with the tenant's id.
LONGEST_TERM = 64
SHORTEST_TERM = 2
#: Before the digits of a phone number, which are reversed: its last digits are its beginning.
PHONE = "+"
#: With fewer digits, everything would look like the end of some phone number.
FEWEST_DIGITS = 4


def terms_of(tenant: Tenant) -> list[str]:
    """The terms that a tenant has entries for. None if it is a sign-up whose personal fields were
    erased. A tenant that was erased is found by its ids and its company."""
    if tenant.erased and tenant.is_closed:
        return []
    terms: list[str] = []
    for term in _cut(all_terms(tenant)):
        if _starts(term, terms):
            continue
        terms = [other for other in terms if not term.startswith(other)]
        if len(terms) < MOST_TERMS:
            terms.append(term)
    return terms


def all_terms(tenant: Tenant) -> Iterator[str]:
    """Everything that a word may match, what matters most first."""
    contact, ids = tenant.contact, tenant.ids
    if ids:
        yield from (joined(ids.account_id), joined(ids.company_id))
    local, _, domain = contact.email.rpartition("@")
    if contact.email:
        yield from (joined(contact.email), joined(domain))
    digits = _digits(contact.phone)
    if len(digits) >= FEWEST_DIGITS:
        yield PHONE + digits[::-1]
    name, company = words_of(contact.name), words_of(contact.company)
    yield from name[:_NAME_WORDS]
    yield from company
    yield from parts_of(contact.company)
    yield from parts_of(contact.name)
    yield from name[_NAME_WORDS:]
    yield from parts_of(local)
    if ids:
        yield from words_of(ids.account_name)
        yield from words_of(ids.company_name)


def _cut(terms: Iterable[str]) -> Iterator[str]:
    """Terms that a sort key may hold."""
    return (term[:LONGEST_TERM] for term in terms if len(term) >= SHORTEST_TERM)


def _digits(text: str) -> str:
    return "".join(c for c in folded(text) if c.isdecimal())


# ---- What the store has of a tenant


@dataclass(frozen=True, slots=True)
class Wanted:
    """The entries that a tenant should have, by their hashes, its place in the list of changes, and
    the version that it has now.

    All are empty if it is no tenant (any more): a forward, say, or nothing.
    """

    entries: dict[str, Item]
    list_keys: records.ListKeys | None
    version: int | None


def wanted_of(item: Item | None) -> Wanted:
    """What search should have of this item, the tenant as it is stored; `None`: there is none."""
    if item is None or not records.is_tenant(item):
        return Wanted({}, None, None)
    tenant = records.tenant_of(item)
    terms, size = terms_of(tenant), len(TERM_INDEXES)
    groups = [terms[at : at + size] for at in range(0, len(terms), size)]
    entries = {
        records.search_entry_hash(group): records.search_entry_item(tenant.id, group)
        for group in groups
    }
    return Wanted(entries, records.changes_keys(tenant), tenant.version)


# ---- What somebody types


@dataclass(frozen=True, slots=True)
class Query:
    """What to look for.

    Attributes:
        words: All of them must match. Empty: there is nothing to look for.
        phone: The last digits of a phone number, reversed, as a term; empty if the text is none.
    """

    words: Sequence[str]
    phone: str = ""

    def matches_words(self, tenant: Tenant) -> bool:
        """Whether each word is the beginning of a term, or the end of the phone number."""
        terms = list(all_terms(tenant))
        return bool(self.words) and all(_matches(word, terms) for word in self.words)

    def matches_phone(self, tenant: Tenant) -> bool:
        return bool(self.phone) and _starts(self.phone, all_terms(tenant))


def query_of(text: str) -> Query:
    """What a text asks for."""
    typed = folded(text)
    words = [word for chunk in typed.split() for word in _words_typed(chunk)]
    return Query(tuple(dict.fromkeys(words)), _phone_typed(typed))


def _words_typed(chunk: str) -> list[str]:
    if "@" in chunk:
        # `@firma.de` asks for a domain.
        address = joined(chunk).removeprefix("@")
        return [address[:LONGEST_TERM]] if address.strip("@") else []
    return [word[:LONGEST_TERM] for word in words_of(chunk)]


def _matches(word: str, terms: Sequence[str]) -> bool:
    if _starts(word, terms):
        return True
    phone = phone_term(word) if word.isdecimal() else ""
    return bool(phone) and _starts(phone, terms)


def _starts(beginning: str, terms: Iterable[str]) -> bool:
    return any(term.startswith(beginning) for term in terms)


def phone_term(digits: str) -> str:
    """The beginning of the term of all phone numbers with these last digits; empty if there are too
    few. Zeros before a country or area code are left out, since no number is stored with them."""
    significant = digits.lstrip("0")
    return PHONE + significant[::-1] if len(significant) >= FEWEST_DIGITS else ""


def _phone_typed(typed: str) -> str:
    """The term of a text that is a phone number, in whatever notation; empty for any other text."""
    if any(not (c.isdecimal() or c.isspace() or c in "+()/.-") for c in typed):
        return ""
    # `+49 (0)30` has a zero that is dialled only without the country code.
    return phone_term(_digits(typed.replace("(0)", "")))
