"""Settings of the section "Everyday" in `docs/operating.md`."""

from portal.setting_list.setting import Setting

EVERYDAY = (
    Setting(
        "PORTAL_DATA_DIR",
        "./data",
        "The folder of the file store and of the keys that the portal creates. It must be on a"
        " local disk.",
    ),
    Setting(
        "PORTAL_DATA_DIR_IS_MADE",
        "",
        "`true`: the data folder and its store were made before. If they are missing, nobody makes"
        " new ones, since they may come back with what they held. `portal serve` sets it for its"
        " processes.",
    ),
    Setting(
        "PORTAL_TIME_ZONE",
        "UTC",
        "The time zone in which the days of a licence begin and end, for example `Europe/Berlin`.",
    ),
    Setting(
        "PORTAL_SECRET_KEY",
        "",
        "The key that signs sessions, form tokens and links; at least 32 characters. With the"
        " file store, the portal creates one on first use. With DynamoDB, you must set it.",
        is_secret=True,
    ),
    Setting(
        "PORTAL_SECRET_KEY_FALLBACKS",
        "",
        "Earlier secret keys, separated by commas. What they signed stays valid.",
        is_secret=True,
    ),
    Setting(
        "CREDENTIALS_DIRECTORY",
        "",
        "A folder with secrets as files: a setting that is a secret may stand in the file of its"
        " name in small letters, such as `portal_secret_key`, instead of the environment. systemd"
        " sets it for a service with `LoadCredential=`.",
    ),
)
