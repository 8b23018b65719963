"""What the forms of all verbs share."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from portal.tenants import Tenant
from portal.web.forms import FieldView, Form


class VerbForm(Form):
    """The fields of a verb. A verb without fields uses this class: its form is only a button.

    tenant: the tenant as it is now, for forms that keep what nobody touched, and wherever a form
        is shown. `None` elsewhere.
    labels: as `option_labels` of the tenant.
    """

    tenant: Tenant | None = None
    labels: Mapping[str, str] = MappingProxyType({})
    #: The details of another person, never those of the reader.
    autocomplete = "off"

    @staticmethod
    def initial_data(tenant: Tenant) -> Mapping[str, str]:
        """Field name -> text that the field holds when the tenant's page offers the form."""
        del tenant
        return {}

    @staticmethod
    def notes(tenant: Tenant, typed: Mapping[str, str]) -> Mapping[str, str]:
        """Field name -> what the page says beside the field.

        Args:
            typed: Field name -> the text that the field holds.
        """
        del tenant, typed
        return {}

    @staticmethod
    def option_labels(tenant: Tenant) -> Mapping[str, str]:
        """Value of an option -> what it is called for this tenant, where that differs."""
        del tenant
        return {}

    def view(self, field: Any, prefix: str = "", note: str = "") -> FieldView:
        view = super().view(field, prefix, note)
        if not (self.labels and view.options):
            return view
        options = [
            (value, self.labels.get(value, label), is_chosen)
            for value, label, is_chosen in view.options
        ]
        return replace(view, options=options)

    def arguments(self) -> Mapping[str, object]:
        """Keyword arguments for the verb's function. Call it on a valid form only."""
        return {}
