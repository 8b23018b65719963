"""One decision for many tenants: staff tick rows of a list, look at them once more, and send.

bar         the buttons below a list, and the boxes of its rows
bulk_verbs  the verbs that make sense for many at once, and their words
selection   which tenants were chosen, and which of them the verb suits
deciding    the decisions, one by one and some at a time
pages       the page that asks, and the page with a result for each row

Each row is a decision of its own: through the function of its verb, with the version that the
person saw and an event of its own. So one that somebody else has decided stops none of the others,
and whatever is sent twice changes nothing twice.
"""

from portal.web.staff.bulk import pages
from portal.web.staff.bulk.bar import bulk_bar

__all__ = ["bulk_bar", "pages"]
