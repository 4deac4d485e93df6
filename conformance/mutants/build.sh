#!/bin/sh
# Builds the mutant zoo, byte for byte the same wherever clang 19 and lld 19 run.
# usage: build.sh          writes mutants.wasm
#        build.sh --check  builds elsewhere and compares
# Compile and link are two steps, for the reason given in spec/oracle/build.sh.
set -eu
cd "$(dirname "$0")"
clang=${CLANG:-clang-19}
lld=${WASM_LD:-wasm-ld-19}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

objects=
for source in src/*.c; do
	object=$work/$(basename "$source" .c).o
	"$clang" --target=wasm32 -mcpu=mvp -std=c11 -Os -ffreestanding -fno-builtin \
		-fno-ident -Wall -Wextra -Werror -Wno-infinite-recursion -c "$source" -o "$object"
	objects="$objects $object"
done
# shellcheck disable=SC2086 # object names are ours and hold no spaces
"$lld" --no-entry --strip-all --stack-first -z stack-size=8192 \
	--export-memory $objects -o "$work/mutants.wasm"

if [ "${1:-}" = --check ]; then
	cmp "$work/mutants.wasm" mutants.wasm
	echo "mutants.wasm is what its source builds"
else
	cp "$work/mutants.wasm" mutants.wasm
	wc -c mutants.wasm
fi
