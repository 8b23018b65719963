"""Whom an entry is about, and how new it is, where it cannot be imported: as far as it says so."""

import re

from portal.imports.model.candidates import CheckedEntry
from portal.imports.model.fields import PREFIX
from portal.imports.validation.quickly import read_instant
from portal.tenants import ID, is_id

_KEY = re.compile(rf"{PREFIX}({ID}_{ID})", re.ASCII)


def id_in(checked: CheckedEntry) -> str:
    """Whom an entry is about that cannot be imported; empty where it does not say so, or where
    its key tells, with which the ids may disagree."""
    return "" if checked.key else _id_inside(checked)


def ids_in(checked: CheckedEntry) -> set[str]:
    """Everybody whom an entry that cannot be imported may be about: where its key and its ids
    disagree, that is two."""
    by_key = _KEY.fullmatch(checked.key)
    return {by_key[1] if by_key else "", _id_inside(checked)} - {""}


def updated_in(checked: CheckedEntry) -> str:
    """When an entry that cannot be imported was changed last, as a candidate says it; empty if
    nobody can tell."""
    text = checked.values.get("updatedAt") or checked.values.get("createdAt")
    return read_instant(text)[1] if isinstance(text, str) else ""


def _id_inside(checked: CheckedEntry) -> str:
    ids = [checked.values.get(name) for name in ("accountId", "companyId")]
    texts = [each for each in ids if isinstance(each, str) and is_id(each)]
    return "_".join(texts) if len(texts) == len(ids) else ""
