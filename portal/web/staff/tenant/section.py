"""The section of a tenant's page that differs from tenant to tenant: a decision swaps it.

Somebody who works on a tenant gets its page again and again, and it mostly says the same. So the
HTML of the sections that were shown last is kept, together with all that it was made of. It is
shown again only if that is the same; and only the tokens of its forms are filled in each time.
"""

from collections import OrderedDict
from collections.abc import Mapping
from threading import Lock
from typing import Final

from flask import current_app
from markupsafe import Markup

from portal.web.http import person
from portal.web.i18n import locale_name
from portal.web.staff.tenant.closed_forms import with_tokens

_TEMPLATE: Final = "staff/_tenant_page.html"
#: Sections that are kept, with 30 kB each: as many as a few people work on, since they are
#: personal.
_MOST_KEPT: Final = 64
#: What has forms with tokens that the template itself asks for, or with what somebody typed.
_NOT_KEPT: Final = ("confirmation", "undo", "has_open_forms")

#: Language, reader, tenant.
_Key = tuple[str, str, str]
_kept: OrderedDict[_Key, tuple[Mapping[str, object], Markup]] = OrderedDict()
_guard = Lock()


def section_html(tenant_id: str, context: Mapping[str, object]) -> Markup:
    """The HTML for this reader.

    Args:
        context: All that the template is told. It looks nothing else up but its words.
    """
    user = person()
    if user is None or any(context[name] for name in _NOT_KEPT):
        return with_tokens(_rendered(context))
    key = locale_name(), user.id, tenant_id
    kept = _kept.get(key)
    html = kept[1] if kept and kept[0] == context else _rendered(context)
    with _guard:
        _kept[key] = context, html
        _kept.move_to_end(key)
        if len(_kept) > _MOST_KEPT:
            _kept.popitem(last=False)
    return with_tokens(html)


def _rendered(context: Mapping[str, object]) -> Markup:
    # No processor of contexts adds anything that it shows.
    html = current_app.jinja_env.get_template(_TEMPLATE).render(context)
    return Markup(html)  # noqa: S704 - the template has escaped it
