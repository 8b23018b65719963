"""The addresses of the staff pages, in one list.

The decisions about a tenant have a blueprint of their own: `portal.web.staff.decisions`.
"""

from flask import Blueprint

from portal.web.staff import overview, queue, sign_in, tenant_page

bp = Blueprint("staff", __name__, url_prefix="/staff")

bp.add_url_rule("/sign-in", "sign_in", sign_in.sign_in_page)
bp.add_url_rule("/sign-in/<token>", "use_link", sign_in.use_link, methods=["GET", "POST"])
bp.add_url_rule("/sign-out", "sign_out", sign_in.sign_out, methods=["POST"])
bp.add_url_rule("/", "home", overview.overview_page)
bp.add_url_rule("/tenants", "tenants", queue.queue_page)
bp.add_url_rule("/tenants/<tenant:tenant_id>", "tenant", tenant_page.show_tenant)
