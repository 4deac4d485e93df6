package sys

import (
	"os"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

var getProcessMemoryInfo = windows.NewLazySystemDLL("kernel32.dll").NewProc("K32GetProcessMemoryInfo")

// processMemoryCounters is PROCESS_MEMORY_COUNTERS of psapi.h.
type processMemoryCounters struct {
	size                       uint32
	pageFaultCount             uint32
	peakWorkingSetSize         uintptr
	workingSetSize             uintptr
	quotaPeakPagedPoolUsage    uintptr
	quotaPagedPoolUsage        uintptr
	quotaPeakNonPagedPoolUsage uintptr
	quotaNonPagedPoolUsage     uintptr
	pagefileUsage              uintptr
	peakPagefileUsage          uintptr
}

// ProcessUsage reads the usage of process pid.
func ProcessUsage(pid int) (Usage, error) {
	process, err := windows.OpenProcess(windows.PROCESS_QUERY_LIMITED_INFORMATION|windows.PROCESS_VM_READ, false, uint32(pid))
	if err != nil {
		return Usage{}, os.NewSyscallError("OpenProcess", err)
	}
	defer windows.CloseHandle(process)
	var created, exited, kernel, user windows.Filetime
	if err := windows.GetProcessTimes(process, &created, &exited, &kernel, &user); err != nil {
		return Usage{}, os.NewSyscallError("GetProcessTimes", err)
	}
	var memory processMemoryCounters
	memory.size = uint32(unsafe.Sizeof(memory))
	if ok, _, err := getProcessMemoryInfo.Call(uintptr(process), uintptr(unsafe.Pointer(&memory)), uintptr(memory.size)); ok == 0 {
		return Usage{}, os.NewSyscallError("K32GetProcessMemoryInfo", err)
	}
	return Usage{CPU: duration(kernel) + duration(user), RSS: int64(memory.workingSetSize)}, nil
}

// duration converts a span of time in units of 100 ns. Filetime.Nanoseconds would
// take it for a date.
func duration(t windows.Filetime) time.Duration {
	return time.Duration(int64(t.HighDateTime)<<32|int64(t.LowDateTime)) * 100
}
