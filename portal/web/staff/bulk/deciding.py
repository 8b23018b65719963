"""The decisions: one by one, each by itself, and only some at a time."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass

from portal.onboarding import StaleError, TenantExistsError, UnknownTenantError, undo
from portal.stores import StoreError
from portal.tenants import ErasedError, NotAllowedError, RuleError, Tenant, Verb
from portal.web.http import audit_info, store
from portal.web.i18n import _
from portal.web.staff.bulk.bulk_verbs import done_sentence
from portal.web.staff.bulk.selection import (
    Chosen,
    erased,
    gone,
    read_rows,
    shown_name,
    written,
)
from portal.web.staff.lists import note_decision
from portal.web.staff.tenant import (
    BY_VERB,
    VerbEntry,
    VerbForm,
    conflict_notice,
    find_tenant,
)

logger = logging.getLogger(__name__)

#: Of one request, which must be answered within eight seconds.
_MOST_AT_ONCE = 50
_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one tenant. `version`: the one that the decision led to; 0: it was refused."""

    id: str
    company: str
    sentence: str
    version: int = 0

    @property
    def is_done(self) -> bool:
        return self.version > 0


@dataclass(frozen=True, slots=True)
class Batch:
    """`left`: those that were not tried. `failed`: because the store failed."""

    results: Sequence[Result]
    left: Sequence[Chosen]
    failed: bool = False


def decide_some(entry: VerbEntry, form: VerbForm, chosen: Sequence[Chosen]) -> Batch:
    """Decides on the first ones, as many as a request has time for."""
    results: list[Result] = []
    end = time.monotonic() + _SECONDS
    for number, each in enumerate(chosen):
        if number >= _MOST_AT_ONCE or time.monotonic() > end:
            return Batch(results, chosen[number:])
        try:
            results.append(_decide(entry, form, each))
        except StoreError as error:
            # It may have been saved all the same. Whoever sends it again finds that out, and
            # changes nothing twice: the idempotency key is the same.
            logger.exception("A decision on many tenants stopped half-way.", exc_info=error)
            return Batch(results, chosen[number:], failed=True)
    return Batch(results, ())


def _decide(entry: VerbEntry, form: VerbForm, chosen: Chosen) -> Result:
    """One decision, as the page of the tenant makes it.

    Raises:
        StoreError: The store failed.
    """
    try:
        tenant = _perform(entry, form, chosen)
    except UnknownTenantError:
        return Result(chosen.id, chosen.company, gone())
    except StaleError as stale:
        return _refused(chosen, conflict_notice(stale.tenant).headline)
    except NotAllowedError as refused:
        return _refused(chosen, _(BY_VERB[refused.verb].refused))
    except ErasedError:
        return _refused(chosen, erased(find_tenant(chosen.id)))
    except TenantExistsError:
        return _refused(chosen, _("This account already has a tenant."))
    except RuleError:
        return _refused(chosen, _("This one cannot be changed like this. Open it to see why."))
    note_decision(chosen.id, tenant)
    company = shown_name(tenant)
    sentence = done_sentence(entry.verb, tenant, company, chosen.end)
    return Result(chosen.id, company, sentence, tenant.version or 0)


def _perform(entry: VerbEntry, form: VerbForm, chosen: Chosen) -> Tenant:
    if entry.verb is Verb.UNDO:
        version = chosen.version
        return undo(store(), chosen.id, expected_version=version, audit=audit_info())
    return entry.decide(chosen.id, form, chosen.version)


def _refused(chosen: Chosen, sentence: str) -> Result:
    return Result(chosen.id, chosen.company, sentence)


def write_results(results: Sequence[Result]) -> str:
    return written([(each.id, each.company, each.sentence, each.version) for each in results])


def read_results(text: str) -> list[Result]:
    """What the requests before have done; nothing if the text was tampered with."""
    return [Result(*row) for row in read_rows(text, (str, str, str, int))]  # type: ignore[arg-type] # `read_rows` has checked it
