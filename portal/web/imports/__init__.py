"""The import pages.

pages             the list, the plan, each step, the report
form              the form that starts an import
plan_view         a plan and its rows as ready strings
outcome           what became of an import, in sentences
browser_snippets  two lines for the console of the old browser
uploads           a file that came over the web, as a plan
"""

from portal.web.imports import pages
from portal.web.imports.uploads import with_plan

BLUEPRINTS = (pages.bp,)

__all__ = ["BLUEPRINTS", "with_plan"]
