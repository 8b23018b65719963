"""The API that programs call.

validate         whether a tenant may use the application
validate_answer  the answer to that, without Flask and without a store
validation       asks the store for it
validate_layer   the same question, answered ahead of Flask
new_tenant       the application asks for access
tenants          one tenant is read, or changed
tenant_lists     pages of tenants, and of the history of one
imports          an import in one request, with a token
import_undo      the same for undoing it
mail_reports     Amazon SES reports that a mail came back
appointments     404: another service has them

arguments        the query arguments of every call
cors             which pages of other sites may call it from a browser
json_body        the body of a request, read strictly and checked by its model
models           requests and answers as models
import_models    the same of reports of imports
fields           the texts of a request
tenant_view      a tenant as it is answered
responses        answers as JSON
"""

from collections.abc import Mapping

import msgspec

from portal.web.api import (
    appointments,
    import_models,
    import_undo,
    imports,
    mail_reports,
    models,
    new_tenant,
    tenant_lists,
    tenants,
    validate_answer,
    validate_layer,
)
from portal.web.api.arguments import Parameters
from portal.web.api.cors import Cors, CorsMiddleware

#: Each module adds its calls to the one blueprint of the API.
BLUEPRINTS = (imports.bp,)

#: Endpoint -> its query parameters.
PARAMETERS: Mapping[str, Parameters] = {
    "api.validate": validate_answer.PARAMETERS,
    "api.new_tenant": tenants.NO_PARAMETERS,
    "api.tenant": tenants.NO_PARAMETERS,
    "api.change_tenant": tenants.NO_PARAMETERS,
    "api.tenants": tenant_lists.LIST_PARAMETERS,
    "api.events": tenant_lists.EVENT_PARAMETERS,
    "api.imports": imports.PARAMETERS,
    "api.undo_import": import_undo.PARAMETERS,
}
#: Endpoint -> the model that checks its body.
REQUESTS: Mapping[str, type[msgspec.Struct]] = {
    "api.new_tenant": models.NewTenant,
    "api.change_tenant": models.TenantChange,
}

__all__ = [
    "BLUEPRINTS", "PARAMETERS", "REQUESTS", "Cors", "CorsMiddleware", "appointments",
    "import_models", "mail_reports", "models", "new_tenant", "validate_layer",
]  # fmt: skip
