"""What the row of a tenant lacks that every tenant of the portal has.

The old application wrote rows without asking for anything, so some have no end, no contact or no
ids. Nobody knows what such a row is meant to be: the portal gives it nothing until somebody says
so, and `adopt` asks.
"""

from enum import StrEnum


class Gap(StrEnum):
    """One thing that a row lacks. The values are stored, and are keys of `adopt --json`."""

    END = "end"
    """No end of the validity: nobody knows whether it never ends or was forgotten."""
    CONTACT = "contact"
    """No company, no name or no email address."""
    IDS = "ids"
    """No account id or no company id."""
    TENANT_ID = "tenant_id"
    """A tenant id of another form than `<accountId>_<companyId>`, or of other ids than the row's:
    the downstream application does not find it."""
    CLUSTER = "cluster"
    """A cluster that is no host label: it is never answered."""
    ATTRIBUTES = "attributes"
    """An attribute of a type that the portal cannot read, or a date that is none."""
