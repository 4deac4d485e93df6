// Package arch holds no code, only the test that keeps the imports of the module
// running one way: down.
package arch
