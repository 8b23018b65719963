"""What readers read, in their language.

translation  `_`, `N_` and the reader's language
templates    templates, compiled for each language
dates        dates, days and spans
numbers      numbers
labels       words for statuses, reasons, kinds and attributes
"""

from portal.web.i18n import dates, labels, translation
from portal.web.i18n.labels import translate_message
from portal.web.i18n.numbers import format_number
from portal.web.i18n.templates import LanguageEnvironment
from portal.web.i18n.translation import (
    LANGUAGE_COOKIE,
    LANGUAGES,
    N_,
    _,
    language_name,
    language_names,
    locale_name,
    ngettext,
    script_name,
    set_language,
    territory,
    translated,
)

__all__ = [
    "LANGUAGES", "LANGUAGE_COOKIE", "N_", "LanguageEnvironment", "_", "dates", "format_number",
    "labels", "language_name", "language_names", "locale_name", "ngettext", "script_name",
    "set_language", "territory", "translate_message", "translated", "translation",
]  # fmt: skip
