"""Settings of the section "Imports" in `docs/operating.md`."""

from portal.setting_list.setting import Setting

IMPORTS = (
    Setting(
        "PORTAL_IMPORT_MEGABYTES",
        "5",
        "The largest file, in megabytes, that can be imported over the web.",
    ),
    Setting(
        "PORTAL_IMPORT_ROWS",
        "10000",
        "The most entries, of any program, in a file that is imported over the web.",
    ),
    Setting(
        "PORTAL_IMPORT_COMMAND_MEGABYTES",
        "50",
        "The largest file, in megabytes, that `migrations_tools import` reads.",
    ),
    Setting(
        "PORTAL_IMPORT_COMMAND_ROWS",
        "1000000",
        "The most entries, of any program, in a file that `migrations_tools import` reads.",
    ),
    Setting(
        "PORTAL_IMPORT_PROFILE_MEGABYTES",
        "1000",
        "The most megabytes that `migrations_tools import` copies from the profile of a browser.",
    ),
    Setting(
        "PORTAL_IMPORT_DEPTH",
        "32",
        "How deeply lists and objects may be nested in an imported file.",
    ),
    Setting(
        "PORTAL_IMPORT_VALUE_CHARACTERS",
        "1000000",
        "The most characters in one tenant's value in an imported file.",
    ),
)
