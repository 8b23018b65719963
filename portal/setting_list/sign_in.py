"""Settings of the section "Sign-in" in `docs/operating.md`."""

from portal.setting_list.setting import Setting

SIGN_IN = (
    Setting(
        "PORTAL_OIDC_ISSUER",
        "",
        "The provider of OpenID Connect at which staff sign in, for example"
        " `https://login.example.com/realms/staff`: exactly the `issuer` of its metadata. Needs the"
        " extra `oidc` of the package.",
    ),
    Setting(
        "PORTAL_OIDC_CLIENT_ID",
        "",
        "The id that the provider has given the portal.",
    ),
    Setting(
        "PORTAL_OIDC_CLIENT_SECRET",
        "",
        "The secret that belongs to it. Without one the portal is a public client.",
        is_secret=True,
    ),
    Setting(
        "PORTAL_OIDC_SCOPES",
        "openid email profile",
        "What the portal asks the provider for, with spaces between. If the claim of roles needs a"
        " scope of its own, add it.",
    ),
    Setting(
        "PORTAL_OIDC_ROLE_CLAIM",
        "groups",
        "The claim of the provider's `userinfo` that gives roles: a text or a list of texts."
        " `realm_access.roles` is the claim `roles` inside `realm_access`.",
    ),
    Setting(
        "PORTAL_OIDC_ADMINS",
        "",
        "The values of that claim that make somebody an admin, separated by commas. Who has several"
        " values gets the highest role; who has none may not come in.",
    ),
    Setting(
        "PORTAL_OIDC_APPROVERS",
        "",
        "The same for approvers.",
    ),
    Setting(
        "PORTAL_OIDC_VIEWERS",
        "",
        "The same for viewers.",
    ),
    Setting(
        "PORTAL_SIGN_IN_MAIL",
        "",
        "`true`: people who are on the list of staff have a link sent to them from the sign-in"
        " page. `false`: links come from the command alone. If it is not set:"
        " `true` without `PORTAL_OIDC_ISSUER`, `false` with it.",
    ),
)
