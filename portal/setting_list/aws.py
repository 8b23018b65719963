"""Settings of the section "AWS" in `docs/operating.md`."""

from portal.setting_list.setting import Setting

AWS = (
    Setting(
        "USE_DYNAMODB",
        "",
        "`true` keeps the data in DynamoDB. Any other value keeps it in the file store.",
    ),
    Setting(
        "NODE_ENV",
        "",
        "Read only if `USE_DYNAMODB` is not set: `production` selects DynamoDB.",
    ),
    Setting(
        "TENANT_TABLE_NAME",
        "fsm-appointment-tenants",
        "The name of the DynamoDB table.",
    ),
    Setting(
        "AWS_REGION",
        "",
        "The region of the table and of the KMS key, for example `eu-central-1`.",
    ),
    Setting(
        "PORTAL_KMS_KEY_ID",
        "",
        "The KMS key (id, ARN or alias) that seals client secrets. If it is not set, the key"
        " file in the data folder seals them; with DynamoDB, `portal sealing create` has to have"
        " made it.",
    ),
    Setting(
        "AWS_ENDPOINT_URL_DYNAMODB",
        "",
        "The address of DynamoDB if it is not the region's own: a VPC endpoint, or a test engine.",
    ),
    Setting(
        "PORTAL_METRICS",
        "",
        "Where the portal reports its [metrics](#health-and-metrics): `log` writes CloudWatch"
        " embedded metrics to the log, `prometheus` opens `/metrics`, `log,prometheus` does both.",
    ),
    Setting(
        "PORTAL_METRICS_LISTEN",
        "",
        "Where `/metrics` is answered, and nowhere else: host and port, as `127.0.0.1:9100` or"
        " `[::1]:9100`, or a unix socket, as `unix:/run/portal/metrics.sock`. If it is not set,"
        " the port of the portal answers it. For `portal serve`.",
    ),
    Setting(
        "PORTAL_TRACES",
        "",
        "`otlp` sends traces of requests, calls to the store and deliveries of mail to a collector"
        " of OpenTelemetry. Needs the extra `otel` of the package.",
    ),
    Setting(
        "PORTAL_ACCESS_LOG",
        "",
        "`true` writes a line for each answer into the log: route, method, status, time and size;"
        " no address and no person.",
    ),
    Setting(
        "DEBUG",
        "",
        "`fsm-appointment:tenant` logs each call to DynamoDB: operation, kind of item, time,"
        " capacity and request id; never a value.",
    ),
)
