"""The pages and the API.

app        makes a Flask application: routes, guards, errors
measuring  counts requests, by route
health     what platforms ask: whether it answers, and whether it could save
http/      what every request meets
i18n/      translation, dates, numbers, labels
forms/     forms that customers and staff share
customer/  sign-up and status
staff/     sign-in, queue, a tenant's page, decisions
imports/   the import pages
api/       what programs call
"""

from portal.web.app import init_app
from portal.web.http import ClientLimits, FlaskApp, Services, SignedLinks
from portal.web.measuring import counted_refusals

__all__ = ["ClientLimits", "FlaskApp", "Services", "SignedLinks", "counted_refusals", "init_app"]
