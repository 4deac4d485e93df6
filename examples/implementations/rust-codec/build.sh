#!/bin/sh
# Builds the module: build.sh [MODULE]. Needs Rust with the target wasm32-unknown-unknown.
set -eu
cd "$(dirname "$0")"
module=${1:-ringwire_rust_codec.wasm}
if ! command -v cargo >/dev/null; then
	echo "skipped: needs Rust: https://rustup.rs" >&2
	exit 77
fi
if ! [ -d "$(rustc --print sysroot)/lib/rustlib/wasm32-unknown-unknown" ]; then
	echo "skipped: needs the Rust target: rustup target add wasm32-unknown-unknown" >&2
	exit 77
fi
cargo build --quiet --release --locked --offline
cp "${CARGO_TARGET_DIR:-target}/wasm32-unknown-unknown/release/ringwire_rust_codec.wasm" "$module"
chmod -x "$module"
