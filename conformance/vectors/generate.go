package vectors

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
)

func sortByID(all []Vector) {
	sort.Slice(all, func(i, j int) bool { return all[i].ID < all[j].ID })
}

// Files returns the vectors as files: path below the vector directory, with
// slashes, to contents.
func Files() (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, v := range All() {
		name := v.ID + ".json"
		if _, twice := files[name]; twice {
			return nil, fmt.Errorf("vectors: two vectors have id=%s", v.ID)
		}
		data, err := Encode(&v)
		if err != nil {
			return nil, fmt.Errorf("vectors: id=%s: %w", v.ID, err)
		}
		files[name] = data
	}
	meta := map[string]any{
		"meta/flags.json":   map[string]any{"generator": generatorName, "flags": Flags()},
		"meta/retired.json": map[string]any{"generator": generatorName, "retired": Retired()},
	}
	for name, v := range meta {
		data, err := encodeFile(v)
		if err != nil {
			return nil, err
		}
		files[name] = data
	}
	return files, nil
}

// Generate writes all vectors below dir and removes JSON files that are no
// vectors any more. It returns how many vectors there are.
func Generate(dir string) (int, error) {
	files, err := Files()
	if err != nil {
		return 0, err
	}
	found, err := onDisk(dir)
	if err != nil {
		return 0, err
	}
	for _, name := range found {
		if files[name] == nil {
			if err := os.Remove(filepath.Join(dir, filepath.FromSlash(name))); err != nil {
				return 0, err
			}
		}
	}
	for name, data := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return 0, err
		}
		if old, err := os.ReadFile(path); err == nil && bytes.Equal(old, data) {
			continue
		}
		if err := os.WriteFile(path, data, 0o644); err != nil {
			return 0, err
		}
	}
	return len(All()), nil
}

// Check compares the files below dir with what Generate would write, and lints
// them. It returns every difference, joined.
func Check(dir string) error {
	files, err := Files()
	if err != nil {
		return err
	}
	found, err := onDisk(dir)
	if err != nil {
		return err
	}
	var faults []error
	seen := map[string]bool{}
	for _, name := range found {
		seen[name] = true
		data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		switch {
		case err != nil:
			faults = append(faults, err)
		case files[name] == nil:
			faults = append(faults, fmt.Errorf("vectors: nothing generates file=%s", name))
		case !bytes.Equal(data, files[name]):
			faults = append(faults, fmt.Errorf("vectors: not what is generated: file=%s", name))
		}
	}
	for name := range files {
		if !seen[name] {
			faults = append(faults, fmt.Errorf("vectors: missing file=%s", name))
		}
	}
	sort.Slice(faults, func(i, j int) bool { return faults[i].Error() < faults[j].Error() })
	return errors.Join(append(faults, Lint(All()))...)
}

func onDisk(dir string) ([]string, error) {
	var names []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) && path == dir {
			return nil
		}
		if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".json") {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		names = append(names, filepath.ToSlash(rel))
		return err
	})
	return names, err
}
