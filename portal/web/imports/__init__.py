from portal.web.imports import pages

BLUEPRINTS = (pages.bp,)
