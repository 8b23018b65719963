"""The page in a frame of the Field Service Management shell.

page        asking for access: the page, and what it answers to its form
state       what is known of the company that the shell names
app_config  the description of the extension, as the shell reads it
qr_code     an address as a picture, for a frame that can open no tab
"""

from portal.web.shell import app_config, page, state

BLUEPRINTS = (page.bp,)

#: Each module adds its routes to the one blueprint.
__all__ = ["BLUEPRINTS", "app_config", "state"]
