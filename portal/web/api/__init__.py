from portal.web.api import imports

BLUEPRINTS = (imports.bp,)
