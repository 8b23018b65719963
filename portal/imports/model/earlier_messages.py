"""Messages of earlier versions.

Rows of stored imports hold their messages in English, and a page translates them when it shows
them. So the catalogues keep the texts that an earlier version stored, also after the code words
them differently. A text that is reworded in `portal.imports` is added here.
"""

from portal.translations import N_

#: Of version 1.0.
EARLIER_MESSAGES = (
    N_("A tenant is an object, and this is %(kind)s."),
    N_("A value is too long."),
    N_("An id is letters and digits only, at most 40: %(text)s"),
    N_(
        "Expected is what the old application kept in a browser: entries whose keys start"
        " with fsm_tenant_, or a list of such tenants, as JSON or JSON Lines; or the "
        "portal's own export."
    ),
    N_("It changed in the store since the plan was made, and the store's is kept."),
    N_("It holds no tenant and no key of one."),
    N_("It holds nothing."),
    N_("It holds one value alone (%(kind)s)."),
    N_("It is a web page or XML."),
    N_("It is in the store already and differs, and the store's is kept."),
    N_("It was written as %(text)s."),
    N_("Its characters were written in another way (NFC)."),
    N_("Other files are being read. Send this one again in a minute; nothing was saved."),
    N_("Row %(row)s is the same tenant, and not older."),
    N_("Row %(row)s is the same tenant, and not older. It differs in %(fields)s."),
    N_("Row %(row)s is the same tenant, newer, and cannot be imported."),
    N_("Spaces around it were left out."),
    N_("Split it, and import the parts."),
    N_("Staff set the status, and it is kept."),
    N_("Staff set the validity, and it is kept."),
    N_("The key %(key)s disagrees with the ids inside, %(ids)s."),
    N_("The report holds no secret. Set it in the portal, or import the original file."),
    N_("The report holds no values of this row."),
    N_("The store's is as new or newer, and is kept."),
    N_("The tenant is pending in the store, and is kept."),
    N_("The tenant is rejected in the store, and is kept."),
    N_("The tenant is suspended in the store, and no import makes it active by itself."),
    N_("The tenant is withdrawn in the store, and is kept."),
    N_("There was nothing in it that shows."),
    N_("This disagrees with the other ids, %(ids)s."),
    N_("This is missing. Taken from %(field)s."),
    N_(
        "This is not a date and time of ISO 8601 with an offset, like "
        "2026-12-31T22:59:59.999Z: %(text)s"
    ),
    N_("This must be a text, and is %(kind)s."),
    N_("This secret is sealed already. Enter the secret itself, or leave it out."),
    N_("This must be true or false."),
    N_("This was a text."),
)
