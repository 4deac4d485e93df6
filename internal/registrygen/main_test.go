package main

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestGeneratedFilesAreUpToDate(t *testing.T) {
	if err := run(true); err != nil {
		t.Error(err)
	}
}

func TestGoName(t *testing.T) {
	for name, want := range map[string]string{
		"module_name_len": "ModuleNameLen",
		"BAD_UTF8":        "BadUTF8",
		"NUL_IN_NAME":     "NULInName",
		"request_id":      "RequestID",
		"OK":              "OK",
		"pid":             "PID",
	} {
		if got := goName(name); got != want {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

func TestRegistryIsRefusedIfFieldsDoNotFit(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(r *registry)
		want string
	}{
		{"overlap of one byte", func(r *registry) { r.Wire.RequestHeader.Fields[1].Offset = 0 }, "block=request_header field=request_id"},
		{"end one byte behind the block", func(r *registry) { r.Wire.ResponseHeader.Size-- }, "block=response_header field=success"},
		{"size 0", func(r *registry) { r.Region.Slot.Fields[0].Size = 0 }, "block=slot field=message_length"},
		{"no fields", func(r *registry) { r.Region.WorkerBlock.Fields = nil }, "block=worker_block"},
	} {
		t.Run(c.name, func(t *testing.T) {
			reg, err := loadRegistry(filepath.Join("..", "..", "spec", "registry"))
			if err != nil {
				t.Fatal(err)
			}
			c.edit(reg)
			if err := reg.check(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}
