package executor

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"

	"github.com/ringwire/ringwire/internal/sys"
	"github.com/ringwire/ringwire/pyref"
)

// The worker's Python source travels as a zip archive, where it can in an anonymous
// file that the workers inherit: nothing to install, no temporary file to leave
// behind when the master is killed.

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

// source is the archive where workers find it: in an anonymous file that they
// inherit, or, where the system has no such files, in a temporary one.
type source struct {
	file *os.File
	path string // if there is no file
}

func newSource() (*source, error) {
	data, err := archive()
	if err != nil {
		return nil, fmt.Errorf("pack the worker's source: %w", err)
	}
	file, err := sys.NewSealedFile("ringwire-source", data)
	if err == nil {
		return &source{file: file}, nil
	}
	if !unavailable(err) {
		return nil, err
	}
	named, err := os.CreateTemp("", "ringwire-*.zip")
	if err != nil {
		return nil, fmt.Errorf("keep the worker's source: %w", err)
	}
	s := &source{path: named.Name()}
	_, err = named.Write(data)
	if err = errors.Join(err, named.Close()); err != nil {
		return nil, errors.Join(fmt.Errorf("keep the worker's source: %w", err), s.Close())
	}
	return s, nil
}

// Close gives the archive back. Workers that run still may look into it, so they
// have to end first.
func (s *source) Close() error {
	if s.file != nil {
		return s.file.Close()
	}
	return os.Remove(s.path)
}

// bootstrap is the program that Python runs: import the package from the archive,
// which a worker inherits as descriptor fd, if at all.
// It is given with -c rather than as a file or module, so that multiprocessing in
// a handler does not try to import it again.
func (s *source) bootstrap(fd int) string {
	path := s.path
	if s.file != nil {
		path = fmt.Sprintf("/proc/self/fd/%d", fd)
	}
	return fmt.Sprintf("import sys; sys.path.insert(0, %+q); import ringwire.worker; ringwire.worker.main()", path)
}
