"""What a mail tells of, as the store has it now."""

from portal import records
from portal.mail.messages.errors import NothingToSayError
from portal.stores import Item, ItemNotFoundError, Store
from portal.tenants import Tenant


def item_told_of(store: Store, item_id: str) -> Item:
    """The item with this id, or the one that has it now.

    Raises:
        NothingToSayError: It is gone.
        StoreError: The store could not be read.
    """
    try:
        return records.get_where_it_is(store, item_id)
    except ItemNotFoundError as error:
        raise NothingToSayError("gone") from error


def tenant_told_of(store: Store, tenant_id: str) -> Tenant:
    """The tenant with this id, or the one that its sign-up has become.

    Raises:
        NothingToSayError: It is gone, or its personal details are erased.
        StoreError: The store could not be read.
    """
    item = item_told_of(store, tenant_id)
    if records.forward_of(item):
        try:
            item = records.get_where_it_leads(store, item)
        except ItemNotFoundError as error:
            raise NothingToSayError("gone") from error
    if not records.is_tenant(item):
        raise NothingToSayError("gone")
    tenant = records.tenant_of(item)
    if tenant.erased:
        raise NothingToSayError("gone")
    return tenant
