"""`POST /api/tenant`: the application asks for access for its user. Anybody may call it, so it
makes a sign-up for staff to decide on, and changes nothing that exists."""

from flask import Response, request, url_for

from portal import onboarding, records
from portal.auth import Scope
from portal.onboarding import IdsInUseError, OpenSignUpError, SignUpLimitError
from portal.tenants import Contact, Ids, is_id
from portal.web.api import fields
from portal.web.api.json_body import read_body, refused_field
from portal.web.api.models import NewTenant
from portal.web.api.responses import json_answer
from portal.web.api.tenant_view import whole_view
from portal.web.api.tenants import NO_PARAMETERS
from portal.web.api.validate import bp
from portal.web.http import (
    authorize_open_call,
    client_network,
    json_error,
    now,
    services,
    store,
    too_many_requests_text,
)


@bp.post("/tenant")
def new_tenant() -> Response:
    NO_PARAMETERS.read(request.environ.get("QUERY_STRING", ""))
    token = authorize_open_call(Scope.TENANTS_READ)
    body = read_body(NewTenant)
    ids = _ids(body)
    contact = _contact(body)
    email = contact.email
    links = services().links
    try:
        tenant = onboarding.submit_for_ids(
            store(),
            services().sealer,
            reference=lambda number: links.reference_of(email, ids.tenant_id, number),
            ids=ids,
            contact=contact,
            client_id=fields.name_of("clientId", body.client_id, required=True),
            secret=fields.secret_of("clientSecret", body.client_secret),
            now=now(),
            limits=services().limits.sign_ups,
            network=client_network(),
        )
    except IdsInUseError:
        message = "This tenant is there already. Nothing was changed."
        return json_error(409, "conflict", message)
    except OpenSignUpError:
        message = "This was asked for already, and is waiting for approval. Nothing was changed."
        return json_error(409, "conflict", message)
    except SignUpLimitError as error:
        seconds = error.seconds_left(now())
        response = json_error(429, "too_many_requests", too_many_requests_text(seconds))
        response.headers["Retry-After"] = str(seconds)
        return response
    message = "Your request was received. This tenant is waiting for approval."
    view = whole_view(tenant, now()) if token else records.public_view(records.item_of(tenant))
    answer = {"success": True, "tenant": view, "message": message}
    response = json_answer(answer, 201)
    response.headers["Location"] = url_for("api.tenant", tenant_id=tenant.id)
    return response


def _ids(body: NewTenant) -> Ids:
    for name, text in (("accountId", body.account_id), ("companyId", body.company_id)):
        if not is_id(text):
            raise refused_field(name, "Send 1 to 40 letters and digits.")
    return Ids(
        account_id=body.account_id,
        company_id=body.company_id,
        account_name=fields.name_of("accountName", body.account_name, required=True),
        company_name=fields.name_of("companyName", body.company_name, required=True),
        cluster=fields.cluster_of("cluster", body.cluster),
    )


def _contact(body: NewTenant) -> Contact:
    parts = fields.contact_of(
        {
            "contactCompanyName": body.contact_company_name,
            "contactFullName": body.contact_full_name,
            "contactEmailAddress": body.contact_email_address,
            "contactPhone": body.contact_phone or "",
        }
    )
    return Contact(**parts)
