package vectors

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
)

// Load reads every vector of a directory in the order of their ids. Unknown
// members are refused: a reader that skips them would judge by half a vector.
func Load(dir fs.FS) ([]Vector, error) {
	names, err := fs.Glob(dir, "*.json")
	if err != nil {
		return nil, err
	}
	var all []Vector
	for _, name := range names {
		data, err := fs.ReadFile(dir, name)
		if err != nil {
			return nil, fmt.Errorf("vectors: %w", err)
		}
		v, err := Decode(data)
		if err != nil {
			return nil, fmt.Errorf("vectors: file=%s: %w", name, err)
		}
		if v.ID+".json" != name {
			return nil, fmt.Errorf("vectors: file=%s has id=%s", name, v.ID)
		}
		all = append(all, *v)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("vectors: no vectors in the directory")
	}
	sortByID(all)
	return all, nil
}

// Decode reads the file of one vector.
func Decode(data []byte) (*Vector, error) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	var v Vector
	if err := d.Decode(&v); err != nil {
		return nil, err
	}
	return &v, nil
}
