package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"os/exec"
	"strings"
)

// pythonInfo is what an interpreter says of itself.
type pythonInfo struct {
	Implementation string  `json:"implementation"`
	Version        string  `json:"version"`
	Recent         bool    `json:"recent"`
	Executable     string  `json:"executable"`
	ORJSON         *string `json:"orjson"` // version, or nil
	UVLoop         *string `json:"uvloop"`
	Native         *string `json:"ringwire_native"`
}

const describePython = `
import json, platform, sys
from importlib import metadata
def version(package):
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
print(json.dumps({
    "implementation": platform.python_implementation(),
    "version": platform.python_version(),
    "recent": sys.version_info >= (3, 10),
    "executable": sys.executable,
    "orjson": version("orjson"),
    "uvloop": version("uvloop"),
    "ringwire_native": version("ringwire-native"),
}))`

func findPython(ctx context.Context, python string) (pythonInfo, Finding) {
	const fix = "install Python 3.10 or later, or name it with --python"
	var info pythonInfo
	path, err := exec.LookPath(python)
	if err != nil {
		return info, fail("python", fix, "%v", err)
	}
	out, err := exec.CommandContext(ctx, path, "-c", describePython).Output()
	if err == nil {
		err = json.Unmarshal(out, &info)
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return info, fail("python", fix, "%s: %v: %s", path, err, lastLine(exit.Stderr))
	}
	if err != nil {
		return info, fail("python", fix, "%s: %v", path, err)
	}
	if !info.Recent {
		return info, fail("python", fix, "%s %s is too old: %s", info.Implementation, info.Version, info.Executable)
	}
	return info, ok("python", "%s %s: %s", info.Implementation, info.Version, info.Executable)
}

// accelerators tells which optional packages are there. Nothing needs them.
func (p pythonInfo) accelerators() []Finding {
	tell := func(name string, version *string, use string) Finding {
		if version == nil {
			return ok(name, "not installed; optional")
		}
		return ok(name, "%s%s", *version, use)
	}
	return []Finding{
		tell("ringwire-native", p.Native, "; workers use it"),
		tell("orjson", p.ORJSON, "; workers use it with ringwire-native, or where RINGWIRE_JSON=orjson"),
		tell("uvloop", p.UVLoop, ""),
	}
}

func lastLine(b []byte) string {
	s := strings.TrimSpace(string(b))
	return s[strings.LastIndexByte(s, '\n')+1:]
}
