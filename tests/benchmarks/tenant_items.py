"""Items for benchmarks that know nothing of tenants but what a store sees of them."""


def tenant(n: int, version: int = 1) -> dict[str, str | int | bool]:
    """A stored tenant: 630 bytes of JSON with its index keys."""
    account, tenant_id = f"{80000 + n // 3}", f"{80000 + n // 3}_{100000 + n}"
    company = f"{chr(97 + n % 26)}company {n * 7919 % 1000003} gmbh"
    address = f"j.mueller{n}@example-{n % 977}.com"
    return {
        "tenantId": tenant_id, "accountId": account, "accountName": f"Account {n}",
        "companyId": f"{100000 + n}", "companyName": company, "version": version,
        "contactFullName": f"Jürgen Müller {n}", "contactEmailAddress": address,
        "status": "active", "isActive": True, "clientId": f"{n:016x}",
        "validTo": "2026-12-31T22:59:59.999Z", "createdAt": "2025-11-02T10:11:12.345Z",
        "gsi1pk": f"ACCOUNT#{account}", "gsi1sk": f"TENANT#{tenant_id}",
        "gsi2pk": "STATUS#active", "gsi2sk": f"2026-12-31T{n * 31 % 86400:05}#{tenant_id}",
        "gsi3pk": f"COMPANY#{company[0]}", "gsi3sk": f"{company}#{tenant_id}",
        "gsi4pk": f"EMAIL#{address}", "gsi4sk": f"2025#{tenant_id}",
    }  # fmt: skip
