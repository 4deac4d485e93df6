#!/bin/sh
# Builds the module: build.sh [MODULE]. Needs Node and, in this folder, its packages: npm ci.
set -eu
cd "$(dirname "$0")"
module=${1:-ringwire_assemblyscript_codec.wasm}
if ! command -v node >/dev/null; then
	echo "skipped: needs Node.js: https://nodejs.org" >&2
	exit 77
fi
if ! [ -x node_modules/.bin/asc ]; then
	echo "skipped: needs the AssemblyScript compiler: npm ci, in $(basename "$PWD")" >&2
	exit 77
fi
# No runtime and no abort: the module has no imports.
node_modules/.bin/asc assembly/index.ts --runtime stub --use abort= --optimizeLevel 3 --shrinkLevel 1 \
	--initialMemory 1 --outFile "$module"
