"""Webhooks, for admins: which programs hear of what, and what became of it.

pages       the addresses: the list, one receiver, and what is done with it
webhook_form  the form that adds a receiver
views       receivers and deliveries in words
"""

from portal.web.staff.webhooks import pages

__all__ = ["pages"]
