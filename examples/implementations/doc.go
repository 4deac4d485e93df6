// Package implementations holds implementations of the Ringwire specification in
// other languages, written from spec/ alone, and the tests that judge them.
package implementations
