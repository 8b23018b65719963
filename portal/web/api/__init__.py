"""The API that programs call.

validate  whether a tenant may use the application; CORS
imports   an import in one request, with a token
"""

from portal.web.api import imports

BLUEPRINTS = (imports.bp,)

__all__ = ["BLUEPRINTS"]
