"""The addresses of the staff pages, in one list.

The decisions about a tenant have a blueprint of their own: `portal.web.staff.tenant.decisions`.
"""

from flask import Blueprint

from portal.web.staff import background, overview, proofs
from portal.web.staff.accounts import (
    api_tokens,
    me,
    people,
    person_page,
    provider_sign_in,
    security,
    session_end,
    sign_in,
)
from portal.web.staff.exports import list_csv, report
from portal.web.staff.lists import doubtful, queue, saved_views
from portal.web.staff.tenant import team, tenant_page
from portal.web.staff.webhooks import pages as webhooks

bp = Blueprint("staff", __name__, url_prefix="/staff")

bp.add_url_rule("/sign-in", "sign_in", sign_in.sign_in_page, methods=["GET", "POST"])
bp.add_url_rule("/sign-in/<token>", "use_link", sign_in.use_link, methods=["GET", "POST"])
# Its second address is registered at providers, so it stays as it is.
bp.add_url_rule("/oidc/sign-in", "begin_at_provider", provider_sign_in.begin_at_provider)
bp.add_url_rule("/oidc/callback", "back_from_provider", provider_sign_in.back_from_provider)
# A link that was cut before its token.
bp.add_url_rule("/sign-in/", "cut_link", sign_in.dead_link)
bp.add_url_rule("/sign-out", "sign_out", sign_in.sign_out, methods=["POST"])
bp.add_url_rule("/session", "session", session_end.session_state)
bp.add_url_rule("/me", "me", me.me_page, methods=["GET", "POST"])
bp.add_url_rule("/", "home", overview.overview_page)
bp.add_url_rule("/security", "security", security.security_page)
bp.add_url_rule("/people", "people", people.list_page, methods=["GET", "POST"])
bp.add_url_rule("/people/<person:person_id>", "person", person_page.show_person)
for _path, _name, _view in (
    ("role", "change_role", person_page.change_role),
    ("end", "end_access", person_page.end_the_access),
    ("give", "give_access", person_page.give_the_access),
    ("sessions/<session:session_id>/end", "end_session", person_page.end_one_session),
):
    _rule = f"/people/<person:person_id>/{_path}"
    bp.add_url_rule(_rule, _name, _view, methods=["POST"])
bp.add_url_rule("/background", "background", background.background_page)
bp.add_url_rule("/tokens", "tokens", api_tokens.tokens_page, methods=["GET", "POST"])
bp.add_url_rule(
    "/tokens/<kid:kid>/revoke", "revoke_token", api_tokens.revoke_token, methods=["POST"]
)
bp.add_url_rule("/webhooks", "webhooks", webhooks.list_page, methods=["GET", "POST"])
bp.add_url_rule("/webhooks/<hook:subscription_id>", "webhook", webhooks.one_page)
for _act, _endpoint, _do in webhooks.ROUTES:
    _rule = f"/webhooks/<hook:subscription_id>/{_act}"
    bp.add_url_rule(_rule, _endpoint, _do, methods=["POST"])
bp.add_url_rule("/doubtful", "doubtful", doubtful.doubtful_page)
bp.add_url_rule("/doubtful/clear", "clear_doubtful", doubtful.clear_doubtful, methods=["POST"])
bp.add_url_rule("/proofs/<name>", "proofs", proofs.proofs_page)
bp.add_url_rule("/tenants", "tenants", queue.queue_page)
bp.add_url_rule("/tenants.csv", "tenants_csv", list_csv.tenants_csv)
bp.add_url_rule("/views", "views", saved_views.views_page)
bp.add_url_rule("/views/save", "save_view", saved_views.save, methods=["POST"])
bp.add_url_rule("/views/<view_id>/rename", "rename_view", saved_views.rename, methods=["POST"])
bp.add_url_rule("/views/<view_id>/remove", "remove_view", saved_views.remove, methods=["POST"])
bp.add_url_rule("/report", "report", report.report_page)
bp.add_url_rule("/report.csv", "report_csv", report.report_csv)
bp.add_url_rule("/tenants/<tenant:tenant_id>", "tenant", tenant_page.show_tenant)
bp.add_url_rule("/tenants/<tenant:tenant_id>/presence", "presence", team.presence, methods=["POST"])
