package sys

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// CPUs returns how many processors this process may use: the smaller of its
// affinity mask and its cgroup's quota, at least 1.
func CPUs() int {
	n := 1
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err == nil {
		n = set.Count()
	}
	if quota := cgroupCPUs(); quota > 0 && quota < n {
		n = quota
	}
	return max(n, 1)
}

// cgroupCPUs returns the quota of the tightest cgroup above this process,
// rounded up, or 0 without one.
func cgroupCPUs() int {
	data, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return 0
	}
	tightest := 0
	for line := range strings.Lines(string(data)) {
		path, ok := strings.CutPrefix(strings.TrimSpace(line), "0::")
		if !ok {
			continue
		}
		for {
			if n := quotaOf("/sys/fs/cgroup" + path + "/cpu.max"); n > 0 && (tightest == 0 || n < tightest) {
				tightest = n
			}
			cut := strings.LastIndexByte(path, '/')
			if cut < 0 {
				break
			}
			path = path[:cut]
		}
	}
	return tightest
}

func quotaOf(file string) int {
	data, err := os.ReadFile(file)
	if err != nil {
		return 0
	}
	var quota, period float64
	if n, _ := fmt.Sscanf(string(data), "%g %g", &quota, &period); n != 2 || period <= 0 {
		return 0 // "max": no quota
	}
	return max(int((quota+period-1)/period), 1)
}

// clockTick is the unit of the CPU times in /proc, the same on every Linux that
// Go runs on.
const clockTick = 10 * time.Millisecond

// ProcessUsage reads the usage of process pid.
func ProcessUsage(pid int) (Usage, error) {
	data, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return Usage{}, err
	}
	// The command name may contain anything, so count from its last parenthesis.
	fields := bytes.Fields(data[bytes.LastIndexByte(data, ')')+1:])
	if len(fields) < 22 {
		return Usage{}, fmt.Errorf("read process status: pid=%d fields=%d", pid, len(fields))
	}
	number := func(i int) int64 {
		n, _ := strconv.ParseInt(string(fields[i]), 10, 64)
		return n
	}
	return Usage{
		CPU: time.Duration(number(11)+number(12)) * clockTick,
		RSS: number(21) * int64(os.Getpagesize()),
	}, nil
}

// OOMKills returns how many processes of this process's cgroup the kernel has
// killed for lack of memory, 0 if that is not known.
func OOMKills() int {
	data, err := os.ReadFile("/proc/self/cgroup")
	if err != nil {
		return 0
	}
	_, path, _ := strings.Cut(string(data), "0::")
	events, err := os.ReadFile("/sys/fs/cgroup" + strings.TrimSpace(path) + "/memory.events")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(events)) {
		if count, ok := strings.CutPrefix(line, "oom_kill "); ok {
			n, _ := strconv.Atoi(strings.TrimSpace(count))
			return n
		}
	}
	return 0
}
