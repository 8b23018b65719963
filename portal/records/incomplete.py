"""What the row of a tenant lacks, and what an operator has answered to that.

The answer is stored in the attribute `adoptAnswer`: "<answer> <gap> <gap>…", such as
`keep end contact`. It counts for the gaps that it names, so a row that loses something else later
is incomplete again.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum

from portal.records.access_fields import is_given, status_of, validity_of
from portal.records.attributes import ADOPT_ANSWER, text_of
from portal.records.ids import pending_id
from portal.stores import KEY, Item
from portal.tenants import Gap, Status, cluster_of, is_id

#: What the old application asked everybody for. Not `portal.contact_fields`: a field that the
#: portal asks for later does not make old rows incomplete.
_CONTACT = ("contactCompanyName", "contactFullName", "contactEmailAddress")
_READ = (*_CONTACT, "accountId", "companyId", "cluster")


class AdoptAnswer(StrEnum):
    """What to do with an incomplete row. The values are stored."""

    KEEP = "keep"
    """Leave it as it is; if it has no end, it never ends."""
    CLOSE = "close"
    """End its access."""


def gaps_of(item: Item, unusable: Sequence[str]) -> tuple[Gap, ...]:
    """Everything that the row lacks, also what an answer covers; nothing for a sign-up, which may
    lack anything until it is activated.

    Args:
        unusable: As `unusable_attributes` has them.
    """
    tenant_id = str(item[KEY])
    is_sign_up = status_of(item) not in (Status.ACTIVE, Status.SUSPENDED)
    if is_sign_up or tenant_id.startswith(pending_id("")):
        return ()
    # Each imported row comes here, and has thirty texts more.
    text = {name: text_of(item, name) for name in _READ}
    account_id, _, company_id = tenant_id.partition("_")
    cluster = text["cluster"]
    gaps = []
    # An end that is not given is none.
    if not is_given(item, "validTo") and not validity_of(item).open_ended:
        gaps.append(Gap.END)
    # What retention has erased is not missing.
    if item.get("erased") is not True and not all(text[name].strip() for name in _CONTACT):
        gaps.append(Gap.CONTACT)
    if not (text["accountId"] and text["companyId"]):
        gaps.append(Gap.IDS)
    if not (
        is_id(account_id)
        and is_id(company_id)
        and text["accountId"] in ("", account_id)
        and text["companyId"] in ("", company_id)
    ):
        gaps.append(Gap.TENANT_ID)
    if cluster and cluster_of(cluster) is None:
        gaps.append(Gap.CLUSTER)
    # The old application writes null for what is optional.
    if any(is_given(item, name) for name in unusable):
        gaps.append(Gap.ATTRIBUTES)
    return tuple(gaps)


def open_gaps_of(item: Item, unusable: Sequence[str]) -> tuple[Gap, ...]:
    """The gaps that no answer covers: the row is incomplete if it has any."""
    gaps = gaps_of(item, unusable)
    if not gaps:
        return ()
    answer, answered = stored_answer(item)
    # Whoever reinstates a tenant that was closed has to complete it.
    if answer is AdoptAnswer.CLOSE and status_of(item) is not Status.SUSPENDED:
        return gaps
    return tuple(gap for gap in gaps if gap not in answered)


def stored_answer(item: Item) -> tuple[AdoptAnswer | None, frozenset[str]]:
    """The answer to the row, and the gaps that it covers."""
    first, *names = text_of(item, ADOPT_ANSWER).split(" ")
    try:
        return AdoptAnswer(first), frozenset(names)
    except ValueError:
        return None, frozenset()


def answer_text(answer: AdoptAnswer, gaps: Iterable[Gap]) -> str:
    """The value of `adoptAnswer`."""
    return " ".join([answer.value, *(gap.value for gap in gaps)])
