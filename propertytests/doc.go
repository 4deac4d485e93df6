// Package propertytests holds the properties that must hold for all inputs, each
// checked on random ones. A run that fails prints its seed; the same seed repeats
// the run:
//
//	RINGWIRE_SEED=1700000000 go test ./propertytests -run TestRequest
//
// RINGWIRE_RUNS sets how many inputs each property sees.
package propertytests
