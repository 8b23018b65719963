#!/usr/bin/env bash
# One would expect: `force_flush(500)` of a batch processor returns after half a second, and says False if
#   not everything was sent by then; `export_timeout_millis=500` ends an export after that time.
# What happens: both numbers are ignored. The call returns when the exporter does, and says True.
# Seen with: opentelemetry-sdk 1.45.2, Python 3.11.
# Why it matters: a function or a worker that flushes before it stops waits for a collector that does not
#   answer for as long as the exporter likes, beyond the time that its platform leaves it.
# What the portal does: it flushes in a thread of its own, and waits for that thread two seconds.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check opentelemetry-sdk==1.45.2
"$dir/venv/bin/python" - <<'PY'
import time
from importlib.metadata import version

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult


class Slow(SpanExporter):
    def export(self, spans):
        time.sleep(3)
        return SpanExportResult.SUCCESS


print("opentelemetry-sdk", version("opentelemetry-sdk"))
provider = TracerProvider()
processor = BatchSpanProcessor(Slow(), export_timeout_millis=500)
provider.add_span_processor(processor)
with provider.get_tracer("finding").start_as_current_span("a span"):
    pass
began = time.monotonic()
said = processor.force_flush(500)
seconds = time.monotonic() - began
print(f"force_flush(500) said {said} after {seconds:.1f} seconds; the export took 3")
assert said is True
assert seconds >= 2.9
processor.shutdown()
PY
