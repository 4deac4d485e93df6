// Package fuzz holds the native fuzz targets. As tests they run their seeds;
//
//	go test ./fuzz -run '^$' -fuzz '^FuzzParseRequest$' -fuzztime 60s -fuzzminimizetime 100x
//
// goes on from there. Without a bound on minimizing, the toolchain may spend a
// minute on making one seed shorter before it tries the next. An input that fails
// is written to testdata/fuzz and stays there as a regression.
package fuzz
