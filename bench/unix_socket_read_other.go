//go:build !unix

package bench

// read is Read: there is no way to spin here.
func (c *frameConn) read(b []byte) (int, error) { return c.Read(b) }
