// Package sys holds every call to the operating system that the standard
// library does not offer: sealed shared memory, doorbells, process groups, the
// lifeline. It is the only importer of golang.org/x/sys.
package sys
