package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestFlames(t *testing.T) {
	root, err := parseFolded("main (a.py:1);<b> (/x/y/ringwire/engine.py:2) 989\nmain (a.py:1) 7\nmain (a.py:1);0x7f (libc.so) 4\n\n")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "flame.svg")
	if err := drawFlames("a & b", root, path); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"a &amp; b (1000 samples)", "<title>main (a.py:1) 100.0 %</title>", "&lt;b&gt; (ringwire/engine.py:2) 98.9 %"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("there is no %q in %s", want, text)
		}
	}
	if strings.Contains(string(text), "libc") {
		t.Error("less than half a percent was drawn")
	}
	var list strings.Builder
	root.write(&list, time.Microsecond, root.weight, 0)
	if want := "  1000 ns 100.0 %  main (a.py:1)\n   989 ns  98.9 %   <b> (ringwire/engine.py:2)\n"; list.String() != want {
		t.Errorf("%q", list.String())
	}
}

func TestFlamesOfNothing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "flame.svg")
	if drawFlames("", new(flame), path) == nil {
		t.Error("a picture without samples was drawn")
	}
	if _, err := parseFolded("main many\n"); err == nil {
		t.Error("a line without a number was accepted")
	}
}

func TestPythonName(t *testing.T) {
	for name, want := range map[string]string{
		"f":                            "f",
		"f (a.py:3)":                   "f (a.py:3)",
		"f (/usr/lib/b/a.py:3)":        "f (b/a.py:3)",
		"0x7f01 (/usr/lib/libc.so.6)":  "C code (lib/libc.so.6)",
		"serve (/src/native/lane.c:7)": "serve (native/lane.c)",
	} {
		if got := pythonName(name); got != want {
			t.Errorf("%q: %q instead of %q", name, got, want)
		}
	}
}
