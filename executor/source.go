package executor

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"sync"

	"github.com/ringwire/ringwire/internal/sys"
	"github.com/ringwire/ringwire/pyref"
)

// The worker's Python source travels as a zip archive in an anonymous file that
// the workers inherit: nothing to install, no temporary directory to leave behind
// when the master is killed.

// archive returns the zip archive, made once per process.
var archive = sync.OnceValues(func() ([]byte, error) {
	var buf bytes.Buffer
	w := zip.NewWriter(&buf)
	err := fs.WalkDir(pyref.Source, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := pyref.Source.ReadFile(path)
		if err != nil {
			return err
		}
		// Stored, not deflated: reading is on every worker's way to being ready.
		f, err := w.CreateHeader(&zip.FileHeader{Name: path, Method: zip.Store})
		if err != nil {
			return err
		}
		_, err = f.Write(data)
		return err
	})
	if err == nil {
		err = w.Close()
	}
	return buf.Bytes(), err
})

// newSource returns the archive as a file for workers to inherit.
func newSource() (*os.File, error) {
	data, err := archive()
	if err != nil {
		return nil, fmt.Errorf("pack the worker's source: %w", err)
	}
	return sys.NewSealedFile("ringwire-source", data)
}

// bootstrap is the program that Python runs: import the package from the
// inherited descriptor. It is given with -c rather than as a file or module, so
// that multiprocessing in a handler does not try to import it again.
const bootstrap = "import sys; sys.path.insert(0, '/proc/self/fd/%d'); " +
	"import ringwire.worker; ringwire.worker.main()"
