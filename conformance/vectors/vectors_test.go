package vectors

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/ringwire/ringwire/spec"
)

const dir = "../../testdata/vectors"

//spec:test CONF-030 CONF-031
func TestFilesAreWhatIsGenerated(t *testing.T) {
	t.Parallel()
	if err := Check(dir); err != nil {
		t.Fatal(err)
	}
}

func TestLoadedVectorsEncodeToTheirFiles(t *testing.T) {
	t.Parallel()
	all, err := Load(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	for i := range all {
		data, err := Encode(&all[i])
		if err != nil {
			t.Fatal(err)
		}
		file, err := os.ReadFile(filepath.Join(dir, all[i].ID+".json"))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(data, file) {
			t.Errorf("%s: not the same after reading and writing", all[i].ID)
		}
	}
}

func TestFilesFollowTheSchema(t *testing.T) {
	t.Parallel()
	schema := compile(t)
	names, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(names) < 250 {
		t.Fatalf("vectors=%d err=%v", len(names), err)
	}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		instance, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
		if err != nil {
			t.Fatal(err)
		}
		if err := schema.Validate(instance); err != nil {
			t.Errorf("%s: %v", filepath.Base(name), err)
		}
	}
}

func compile(t *testing.T) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(spec.VectorSchema))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	if err := compiler.AddResource("vector.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	schema, err := compiler.Compile("vector.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return schema
}
