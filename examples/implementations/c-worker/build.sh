#!/bin/sh
# Builds the worker: build.sh [PROGRAM [FLAG...]]. Needs a C11 compiler ($CC, or cc) and Linux.
set -eu
cd "$(dirname "$0")"
program=${1:-worker}
[ $# -eq 0 ] || shift
compiler=${CC:-cc}
if ! command -v "$compiler" >/dev/null; then
	echo "skipped: needs a C compiler: $compiler" >&2
	exit 77
fi
if [ "$(uname -s)" != Linux ]; then
	echo "skipped: needs Linux" >&2
	exit 77
fi
"$compiler" -std=c11 -O2 -Wall -Wextra "$@" -o "$program" worker.c
