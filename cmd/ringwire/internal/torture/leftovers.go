//go:build linux

package torture

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"
)

// Leftovers is what a pool has left behind. A clean run leaves nothing.
type Leftovers struct {
	Processes   int `json:"processes"` // workers and what they forked
	Descriptors int `json:"descriptors"`
	Goroutines  int `json:"goroutines"`
	Mappings    int `json:"mappings"` // of shared memory
}

// mark is an environment setting that tells the processes of this run from others.
func mark(dir string) string { return "RINGWIRE_TORTURE=" + dir }

// look counts what there is now.
func look(dir string) Leftovers {
	descriptors, _ := os.ReadDir("/proc/self/fd")
	maps, _ := os.ReadFile("/proc/self/maps")
	return Leftovers{
		Processes:   processes(dir),
		Descriptors: len(descriptors),
		Goroutines:  runtime.NumGoroutine(),
		Mappings:    bytes.Count(maps, []byte("memfd:")),
	}
}

// processes counts those whose environment has the mark.
func processes(dir string) int {
	n := 0
	files, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, file := range files {
		if environ, err := os.ReadFile(file); err == nil && bytes.Contains(environ, []byte(mark(dir)+"\x00")) {
			n++
		}
	}
	return n
}

// leftBehind returns what there is now and was not before. It waits a moment for
// what is on its way out.
func (before Leftovers) leftBehind(dir string) Leftovers {
	var left Leftovers
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
		now := look(dir)
		left = Leftovers{
			Processes:   max(now.Processes-before.Processes, 0),
			Descriptors: max(now.Descriptors-before.Descriptors, 0),
			Goroutines:  max(now.Goroutines-before.Goroutines, 0),
			Mappings:    max(now.Mappings-before.Mappings, 0),
		}
		if left == (Leftovers{}) {
			break
		}
	}
	return left
}

// parentOf returns the parent of a process, 0 if that is not known.
func parentOf(pid int) int {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return 0
	}
	// The command name may contain anything, so count from its last parenthesis.
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) < 2 {
		return 0
	}
	parent, _ := strconv.Atoi(string(fields[1]))
	return parent
}
