"""The import pages.

pages             the list, the plan, each step
undo_pages        undoing an import
undo_view         the same as ready strings
report_downloads  the report as CSV and JSON
form              the form that starts an import
job_view          an import as ready strings
place_view        the places of an import in words
answers_view      whose access an import changes, and what confirms it
row_view          the rows of an import as ready strings
outcome           how an import ended, or why it is paused, in sentences
browser_snippets  two lines for the console of a browser that has the old application open
uploads           plans an uploaded file
"""

from portal.web.imports import report_downloads, undo_pages
from portal.web.imports.uploads import with_plan

# Both modules add their routes to the one blueprint of the pages.
BLUEPRINTS = (report_downloads.bp,)

__all__ = ["BLUEPRINTS", "undo_pages", "with_plan"]
