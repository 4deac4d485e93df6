package bench

import (
	"bufio"
	"context"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"github.com/ringwire/ringwire/internal/sys"
)

// Machine is what the figures were measured on, and with.
type Machine struct {
	CPU    string `json:"cpu"`
	CPUs   int    `json:"cpus"` // that this process may use
	OS     string `json:"os"`
	Go     string `json:"go"`
	Python string `json:"python"`
	// Packages are the versions of what peers use, Python packages and Go modules.
	Packages map[string]string `json:"packages"`
}

// ThisMachine describes where the program runs. What cannot be found out is
// "unknown".
func ThisMachine(ctx context.Context, python string, packages map[string]string) Machine {
	m := Machine{
		CPU:    cpuModel(),
		CPUs:   sys.CPUs(),
		OS:     runtime.GOOS + "/" + runtime.GOARCH,
		Go:     runtime.Version(),
		Python: "unknown",

		Packages: packages,
	}
	if release, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.OS += " " + strings.TrimSpace(string(release))
	}
	const describe = "import platform; print(platform.python_implementation(), platform.python_version())"
	if out, err := exec.CommandContext(ctx, python, "-c", describe).Output(); err == nil {
		m.Python = strings.TrimSpace(string(out))
	}
	return m
}

func cpuModel() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return "unknown"
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if name, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown"
}
