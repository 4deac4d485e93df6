// Package doctor examines what Ringwire needs of a machine, and says what to do
// about what is missing.
package doctor

import (
	"context"
	"fmt"
	"os"
	"runtime"

	"github.com/ringwire/ringwire/executor"
	"github.com/ringwire/ringwire/internal/sys"
)

// Status is the verdict on one thing.
type Status string

// The verdicts.
const (
	OK   Status = "ok"
	Warn Status = "warn" // works, but slower or with limits
	Fail Status = "fail" // does not work
)

// Finding is one thing that was looked at.
type Finding struct {
	Name   string `json:"name"`
	Status Status `json:"status"`
	Detail string `json:"detail"`
	Fix    string `json:"fix,omitempty"` // what to do, unless the status is OK
}

func ok(name, format string, args ...any) Finding {
	return Finding{Name: name, Status: OK, Detail: fmt.Sprintf(format, args...)}
}

func warn(name, fix, format string, args ...any) Finding {
	return Finding{Name: name, Status: Warn, Detail: fmt.Sprintf(format, args...), Fix: fix}
}

func fail(name, fix, format string, args ...any) Finding {
	return Finding{Name: name, Status: Fail, Detail: fmt.Sprintf(format, args...), Fix: fix}
}

// Examine looks at everything, in the order in which one thing needs another.
// python is the interpreter that the workers would use.
func Examine(ctx context.Context, python string) []Finding {
	findings := []Finding{
		goRuntime(),
		cpus(),
		transport(),
	}
	findings = append(findings, system()...)
	info, interpreter := findPython(ctx, python)
	findings = append(findings, interpreter)
	if interpreter.Status != Fail {
		findings = append(findings, info.accelerators()...)
		findings = append(findings, liveCall(ctx, python))
	}
	return findings
}

func goRuntime() Finding {
	return ok("platform", "%s %s/%s", runtime.Version(), runtime.GOOS, runtime.GOARCH)
}

// transport says how pools reach their workers unless they are told otherwise.
func transport() Finding {
	t, err := executor.DefaultTransport()
	switch {
	case err != nil:
		return fail("transport", "correct the environment variable "+executor.TransportVariable, "%v", err)
	case t == executor.TransportStream && os.Getenv(executor.TransportVariable) == "":
		return warn("transport", "use Linux on x86-64, and allow memfd_create and eventfd, for shared memory",
			"stream: every call takes a few system calls, and less is known of calls whose worker dies")
	}
	return ok("transport", "%s", t)
}

func cpus() Finding {
	allowed, machine := sys.CPUs(), runtime.NumCPU()
	if allowed == 1 {
		return warn("cpus", "allow this process two CPUs or more",
			"1 CPU: neither side can wait for the other without sleeping, which makes calls slower")
	}
	if allowed < machine {
		return ok("cpus", "%d of %d, by the cgroup", allowed, machine)
	}
	return ok("cpus", "%d", allowed)
}
