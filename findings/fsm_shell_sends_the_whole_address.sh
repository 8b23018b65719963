#!/usr/bin/env bash
# One would expect: a message to the shell holds its type and its value, as the documentation of the
#   events says.
# What happens: each also holds `trace`, with the address of the page as it was when the SDK was made
#   and as it is now: path, query and the part behind `#`. Whoever frames the page gets it.
# Seen with: fsm-shell 1.27.1, Node.js 20.
# Why it matters: an extension is often opened with something in its address that only itself should
#   know: the code of a sign-in, a link that works once.
# What the portal does: the page /shell has nothing in its address, and docs/fsm.md says why.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm install --silent --no-save --no-audit --no-fund --prefix "$dir" fsm-shell@1.27.1
cat > run.cjs <<'JS'
const assert = require('node:assert');
const address = 'https://extension.example/page?code=one-time#state';
const sent = [];
// As much of a browser's window as the SDK needs.
globalThis.window = { location: { href: address }, addEventListener() {} };
const { ShellSdk, SHELL_EVENTS } = require('fsm-shell');
const parent = { postMessage: (message, origin) => sent.push({ message, origin }) };
const sdk = ShellSdk.init(parent, 'https://shell.example');
sdk.emit(SHELL_EVENTS.Version1.SET_TITLE, { title: 'Hello' });
console.log('fsm-shell', ShellSdk.VERSION, JSON.stringify(sent[0].message));
assert.strictEqual(ShellSdk.VERSION, '1.27.1');
assert.deepStrictEqual(Object.keys(sent[0].message).sort(), ['to', 'trace', 'type', 'value']);
assert.deepStrictEqual(sent[0].message.value, { title: 'Hello' });
assert.strictEqual(sent[0].message.trace[0].initHref, address);
assert.strictEqual(sent[0].message.trace[0].locationHref, address);
JS
node run.cjs
