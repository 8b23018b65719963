"""The customer's pages.

sign_up      the contact form, and the check of one field
status       the page behind a status link: read, change, withdraw
status_view  what the status page says
"""

from portal.web.customer import sign_up, status

BLUEPRINTS = (sign_up.bp, status.bp)

__all__ = ["BLUEPRINTS"]
