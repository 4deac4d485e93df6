#!/bin/sh
# Generates the parsers into generated/. Needs Node.js and, in this folder, its packages (npm ci),
# and for the Python parser the runtime (pip install -r requirements.txt).
set -eu
cd "$(dirname "$0")"
if ! command -v node >/dev/null; then
	echo "skipped: needs Node.js: https://nodejs.org" >&2
	exit 77
fi
if ! [ -d node_modules/kaitai-struct-compiler ]; then
	echo "skipped: needs the compiler of Kaitai Struct: npm ci, in $(basename "$PWD")" >&2
	exit 77
fi
node generate.js
