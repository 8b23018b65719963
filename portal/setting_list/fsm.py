"""Settings of the section "Field Service Management" in `docs/operating.md`."""

from portal.setting_list.setting import Setting

FSM = (
    Setting(
        "PORTAL_FSM_CLUSTERS",
        "eu de us cn au",
        "The clusters of Field Service Management, with spaces between. `eu` has the host"
        " `eu.fsm.cloud.sap`; a cluster with another host has it behind its label:"
        " `lab=fsm.example.com:8443`. The portal asks no other host.",
    ),
    Setting(
        "PORTAL_FSM_OLDER_HOSTS",
        "",
        "`true`: the clusters are known under their older hosts, too, such as `eu.coresystems.net`."
        " They are asked under today's.",
    ),
    Setting(
        "PORTAL_FSM_TRY_CREDENTIALS",
        "true",
        "`true`: staff who may activate can have a client id and its secret tried at the cluster."
        " `false`: the portal sends nothing there.",
    ),
    Setting(
        "PORTAL_FSM_PROOF",
        "",
        "`true`: the page inside Field Service Management asks the shell for a token, and the"
        " portal has it verified by the keys of the cluster: the sign-up then says that its account"
        " is proved. See docs/fsm.md.",
    ),
    Setting(
        "PORTAL_FSM_PRIVATE_ADDRESSES",
        "",
        "`true`: the name of a cluster may lead to an address of an inner network or of this"
        " machine. For a test system.",
    ),
    Setting(
        "PORTAL_FSM_CA_FILE",
        "",
        "A file of certificates (PEM) that count at the clusters beside those of the machine, for"
        " example that of a proxy that opens TLS.",
    ),
    Setting(
        "PORTAL_WEBHOOK_PRIVATE_ADDRESSES",
        "",
        "Networks of inner addresses that webhooks may go to, with spaces between:"
        " `10.1.0.0/16 fd12::/48`. Only there, an address may begin with `http://`.",
    ),
    Setting(
        "PORTAL_WEBHOOK_CA_FILE",
        "",
        "A file of certificates (PEM) that count at the receivers of webhooks beside those of the"
        " machine.",
    ),
    Setting(
        "HTTPS_PROXY",
        "",
        "The proxy through which the portal reaches the clusters and the receivers of webhooks, for"
        " example `http://proxy.example.com:3128`. The libraries for AWS and for OpenID"
        " Connect read it, too.",
    ),
    Setting(
        "NO_PROXY",
        "",
        "The hosts that are reached without it, separated by commas.",
    ),
)
