package wasm

// KillChild ends the child process as the system would.
func (s *Sandbox) KillChild() error { return s.child.cmd.Process.Kill() }
