//go:build linux

package live

import (
	"encoding/json"
	"os"
	"strings"
)

// effects is a file to which trace writes, so that the kit sees which calls ran
// user code.
type effects struct {
	*lane
	path string
}

func (l *lane) effects() *effects { return &effects{l, l.kit.newFile()} }

// kwargs are the arguments of trace for a line.
func (e *effects) kwargs(line string) string {
	b, err := json.Marshal(map[string]string{"path": e.path, "line": line})
	if err != nil {
		panic(err) // strings
	}
	return string(b)
}

// call sends a call of trace.
func (e *effects) call(line string) *call { return e.lane.call("trace", e.kwargs(line)) }

// lines returns how often each line was written.
func (e *effects) lines() map[string]int {
	data, err := os.ReadFile(e.path)
	if err != nil && !os.IsNotExist(err) {
		e.broken(err)
	}
	count := map[string]int{}
	for line := range strings.Lines(string(data)) {
		count[strings.TrimSuffix(line, "\n")]++
	}
	return count
}

func (e *effects) has(line string) bool { return e.lines()[line] > 0 }
