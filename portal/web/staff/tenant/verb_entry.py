"""What the pages of staff have to know of a verb."""

from collections.abc import Callable
from dataclasses import dataclass

from portal import onboarding
from portal.auth import Role
from portal.onboarding import UnknownTenantError
from portal.tenants import Tenant, Verb, can
from portal.web.forms import form_version
from portal.web.http import audit_info, services, store
from portal.web.i18n import N_
from portal.web.staff.tenant.verb_form import VerbForm


def always(text: str) -> Callable[[Tenant], str]:
    """The same text for every tenant."""
    return lambda _tenant: text


_PLAIN, _NO_TEXT = always("plain"), always("")


def find_tenant(tenant_id: str) -> Tenant | None:
    """`None` if no tenant has this id, and none is behind it."""
    try:
        return onboarding.find(store(), tenant_id)
    except UnknownTenantError:
        return None


@dataclass(frozen=True, kw_only=True, slots=True)
class VerbEntry:
    """One verb.

    history: its name in the history.
    change: its function in `portal.onboarding`. `None` for verbs that staff do not decide on;
        these have texts only.
    seals: whether `change` takes the sealer.
    route: the last part of its address; also its endpoint, and the prefix of its fields' ids.
    role: the lowest role that may do it.
    keeps_untouched: whether its form has to know the tenant, to keep what nobody touched.
    offered: whether a tenant's page offers it where the life cycle allows it.
    legend, button, tone: the heading of its form, and its button.
    key: the shortcut key that opens its form.
    explanation: a sentence in front of its fields.
    done: confirms it to the person who did it.
    conflict: tells another person, whose decision came second, that this one came first.
    refused: says why the tenant's status does not allow it.
    previewed: the tenant as the decision would leave it, for a preview of a mail that has words of
        staff. It takes what `change` takes after the store, but the tenant instead of its id.
    """

    verb: Verb
    history: str
    change: Callable[..., Tenant] | None = None
    seals: bool = False
    route: str = ""
    role: Role = Role.APPROVER
    form: type[VerbForm] = VerbForm
    keeps_untouched: bool = False
    offered: Callable[[Tenant], bool] = lambda _tenant: True
    legend: str = ""
    button: str = ""
    key: str = ""
    tone: Callable[[Tenant], str] = _PLAIN
    explanation: Callable[[Tenant], str] = _NO_TEXT
    done: str = N_("Saved.")
    conflict: str = N_("%(who)s changed this %(ago)s.")
    refused: str = ""
    previewed: Callable[..., Tenant] | None = None

    def is_offered(self, tenant: Tenant) -> bool:
        return self.change is not None and can(tenant.status, self.verb) and self.offered(tenant)

    def perform(self, tenant_id: str, form: VerbForm) -> Tenant:
        """Makes the change in the name of the person who is signed in, with the version that their
        form holds.

        Raises:
            TypeError: staff cannot decide on this verb.
            Exception: what the verb's function in `portal.onboarding` raises.
        """
        return self.decide(tenant_id, form, form_version())

    def decide(self, tenant_id: str, form: VerbForm, expected_version: int | None) -> Tenant:
        """As `perform`, with the version that the person saw.

        Raises:
            TypeError: staff cannot decide on this verb.
            Exception: what the verb's function in `portal.onboarding` raises.
        """
        if self.change is None:
            raise TypeError(f"{self.verb} is not a decision of staff")
        sealer = (services().sealer,) if self.seals else ()
        return self.change(
            store(),
            *sealer,
            tenant_id,
            expected_version=expected_version,
            audit=audit_info(),
            **form.arguments(),
        )
