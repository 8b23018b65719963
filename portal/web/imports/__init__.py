"""The import pages.

pages             the list, the plan, each step
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

from portal.web.imports import report_downloads
from portal.web.imports.uploads import with_plan

BLUEPRINTS = (report_downloads.bp,)

__all__ = ["BLUEPRINTS", "with_plan"]
