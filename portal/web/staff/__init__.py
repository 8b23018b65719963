from portal.web.staff import decisions, pages
from portal.web.staff.pages import signed_in_user
from portal.web.staff.render_rows import render_rows

BLUEPRINTS = (pages.bp, decisions.bp)

__all__ = ["BLUEPRINTS", "render_rows", "signed_in_user"]
