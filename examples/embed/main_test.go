package main

import (
	"os"
	"strings"
	"testing"
)

func Example() {
	main()
	// Output: 2.5 <nil>
}

// The README shows these two files, to the letter.
func TestReadmeShowsThisExample(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	for file, language := range map[string]string{"main.go": "go", "stats.py": "python"} {
		code, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(readme), "```"+language+"\n"+string(code)+"```\n") {
			t.Errorf("README.md does not show %s as it is", file)
		}
	}
}
