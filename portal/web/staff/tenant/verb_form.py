"""What the forms of all verbs share."""

from collections.abc import Mapping

from portal.tenants import Tenant
from portal.web.forms import Form


class VerbForm(Form):
    """The fields of a verb. A verb without fields uses this class: its form is only a button.

    tenant: the tenant as it is now, for forms that keep what nobody touched, and wherever a form
        is shown. `None` elsewhere.
    """

    tenant: Tenant | None = None
    #: The details of another person, never those of the reader.
    autocomplete = "off"

    @staticmethod
    def initial_data(tenant: Tenant) -> Mapping[str, str]:
        """Field name -> text that the field holds when the tenant's page offers the form."""
        del tenant
        return {}

    def notes(self, tenant: Tenant) -> Mapping[str, str]:
        """Field name -> what the page says beside the field, for the text that it holds."""
        del tenant
        return {}

    def arguments(self) -> Mapping[str, object]:
        """Keyword arguments for the verb's function. Call it on a valid form only."""
        return {}
