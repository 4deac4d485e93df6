package executor

// OverLoopback makes the streams of a pool be TCP connections, as on systems where
// a worker cannot inherit a socket.
func OverLoopback(cfg Config) Config {
	cfg.loopback = true
	return cfg
}

// Decode stores a result as Call does.
var Decode = decode
