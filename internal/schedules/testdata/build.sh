#!/bin/sh
# Builds ring.wasm, the algorithm of the specification, and broken.wasm, the same
# with bugs to choose from; byte for byte the same wherever clang 19 and lld 19 run.
# usage: build.sh          writes both
#        build.sh --check  builds elsewhere and compares
# Compile and link are two steps: clang as a linker driver would run wasm-opt
# where binaryen is installed, and the bytes would depend on the machine.
set -eu
cd "$(dirname "$0")"
clang=${CLANG:-clang-19}
lld=${WASM_LD:-wasm-ld-19}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# build NAME FLAGS...: makes NAME.wasm
build() {
	name=$1
	shift
	"$clang" --target=wasm32 -mcpu=mvp -std=c11 -Os -ffreestanding -fno-builtin \
		-fno-ident -Wall -Wextra -Werror "$@" -c ring.c -o "$work/$name.o"
	"$lld" --no-entry --strip-all --stack-first -z stack-size=8192 \
		--export-memory "$work/$name.o" -o "$work/$name.wasm"
}
build ring
build broken -DBROKEN

for module in ring.wasm broken.wasm; do
	if [ "${1:-}" = --check ]; then
		cmp "$work/$module" "$module"
		echo "$module is what its source builds"
	else
		cp "$work/$module" "$module"
		wc -c "$module"
	fi
done
