package bench

import (
	"embed"
	"os"
)

//go:embed *.py
var scripts embed.FS

// writeScripts puts the Python side into a new folder, which the caller removes.
func writeScripts() (dir string, err error) {
	if dir, err = os.MkdirTemp("", "ringwire-bench-"); err != nil {
		return "", err
	}
	if err = os.CopyFS(dir, scripts); err != nil {
		_ = os.RemoveAll(dir)
		return "", err
	}
	return dir, nil
}
