package sys

import (
	"os"
	"syscall"
	"unsafe"

	"golang.org/x/sys/windows"
)

// OwnGroup starts a child that the Ctrl-C of a console does not reach, and of
// which a [Group] can be made.
func OwnGroup() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{CreationFlags: windows.CREATE_NEW_PROCESS_GROUP}
}

// Group is a child that OwnGroup started, with the processes that it starts
// itself: a job object. The system ends them all when the last handle of the job
// is closed, so also when this process dies.
type Group struct{ job, child windows.Handle }

// NewGroup takes charge of a child. What it has started by then is not part of
// the group.
func NewGroup(child *os.Process) (*Group, error) {
	const access = windows.PROCESS_SET_QUOTA | windows.PROCESS_TERMINATE | windows.SYNCHRONIZE
	handle, err := windows.OpenProcess(access, false, uint32(child.Pid))
	if err != nil {
		return nil, os.NewSyscallError("OpenProcess", err)
	}
	job, err := newJob()
	if err != nil {
		_ = windows.CloseHandle(handle)
		return nil, err
	}
	g := &Group{job, handle}
	if err := windows.AssignProcessToJobObject(job, handle); err != nil {
		_ = g.Close()
		return nil, os.NewSyscallError("AssignProcessToJobObject", err)
	}
	return g, nil
}

func newJob() (windows.Handle, error) {
	job, err := windows.CreateJobObject(nil, nil)
	if err != nil {
		return 0, os.NewSyscallError("CreateJobObject", err)
	}
	var limits windows.JOBOBJECT_EXTENDED_LIMIT_INFORMATION
	limits.BasicLimitInformation.LimitFlags = windows.JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE
	_, err = windows.SetInformationJobObject(job, windows.JobObjectExtendedLimitInformation,
		uintptr(unsafe.Pointer(&limits)), uint32(unsafe.Sizeof(limits)))
	if err != nil {
		_ = windows.CloseHandle(job)
		return 0, os.NewSyscallError("SetInformationJobObject", err)
	}
	return job, nil
}

// Kill ends every process of the group at once.
func (g *Group) Kill() error {
	return os.NewSyscallError("TerminateJobObject", windows.TerminateJobObject(g.job, 1))
}

// AwaitExit returns when the child has ended.
func (g *Group) AwaitExit() error {
	_, err := windows.WaitForSingleObject(g.child, windows.INFINITE)
	return os.NewSyscallError("WaitForSingleObject", err)
}

// Close gives back the handles, which ends what is left of the group.
func (g *Group) Close() error {
	_ = windows.CloseHandle(g.child)
	return os.NewSyscallError("CloseHandle", windows.CloseHandle(g.job))
}

// ArmLifeline does nothing: the job object does what it is for.
func ArmLifeline(*os.File, int) error { return nil }

// SignalName returns the name of a signal. No process ends by one on Windows.
func SignalName(s syscall.Signal) string { return s.String() }
