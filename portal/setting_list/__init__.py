"""Every setting: its name, its default, and what it does. `docs/operating.md` says the same, in the
same sections.

setting   what is said of one setting
everyday  data folder, time zone, keys
links     addresses, proxies, origins
sign_up   the form that customers send
mail      how mail leaves, and to whom
limits    how often, and how old an answer may be
staff     what customers are told, terms, the desk, the security log
sign_in   the provider at which staff sign in
fsm       the clusters of Field Service Management
aws       DynamoDB, KMS, metrics
imports   how large an import may be
"""

from portal.setting_list.aws import AWS
from portal.setting_list.everyday import EVERYDAY
from portal.setting_list.fsm import FSM
from portal.setting_list.imports import IMPORTS
from portal.setting_list.limits import LIMITS
from portal.setting_list.links import LINKS
from portal.setting_list.mail import MAIL
from portal.setting_list.setting import Setting
from portal.setting_list.sign_in import SIGN_IN
from portal.setting_list.sign_up import SIGN_UP
from portal.setting_list.staff import STAFF

__all__ = ["GROUPS", "SETTINGS", "Setting"]

#: The title of each section -> its settings.
GROUPS = {
    "Everyday": EVERYDAY,
    "Links and proxies": LINKS,
    "Sign-up": SIGN_UP,
    "Mail settings": MAIL,
    "Limits": LIMITS,
    "Staff": STAFF,
    "Sign-in": SIGN_IN,
    "Field Service Management": FSM,
    "AWS": AWS,
    "Imports": IMPORTS,
}

SETTINGS = tuple(setting for group in GROUPS.values() for setting in group)
