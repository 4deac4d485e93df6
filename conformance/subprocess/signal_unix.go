//go:build unix

package subprocess

import (
	"os/exec"
	"syscall"
)

// isolate puts the child into a process group of its own, so that what it starts
// ends with it and Ctrl-C is for this process alone.
func isolate(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}

// kill ends the child and everything in its group.
func kill(cmd *exec.Cmd) {
	_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
}
