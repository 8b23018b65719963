"""The description of the API: for programs as an OpenAPI document, for people as a page.

calls      what the document says of each call, beside what routes and models say themselves
examples   the examples in the document
document   the document, made of routes, models and these
pages      `/api/openapi.json` and `/api/`
"""

from portal.web.openapi.pages import bp

BLUEPRINTS = (bp,)

__all__ = ["BLUEPRINTS"]
