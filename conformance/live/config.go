//go:build linux

package live

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/ringwire/ringwire/conformance/vectors"
)

// Config says how to start the worker, and how long to bear with it. The zero
// value of a member but Command means its default.
type Config struct {
	// Command is the worker's program with its arguments; REGION and WORKER_ID
	// are added.
	Command []string
	// Env is the environment of the worker; nil: that of this process.
	Env []string
	// Patience is how long the worker may take for whatever it has to do next,
	// default 5 s; StartPatience is for becoming ready, default 20 s.
	Patience, StartPatience time.Duration
	// Soak is how long the last scenario sends calls of all sorts, default 1 s.
	Soak time.Duration
	// Seed makes the scenarios that choose at random choose alike, default 1.
	Seed uint64
	// Parallel is how many workers are judged at once, default one more than there
	// are processors, because much of it is waiting.
	Parallel int
	// Vectors are put to a live worker as far as they are regions or requests.
	Vectors []vectors.Vector
	// Match limits the scenarios to ids for which it returns true; nil: all.
	Match func(id string) bool
	// Progress is called after each scenario, from one goroutine at a time.
	Progress func(done, total int)
}

func (c *Config) withDefaults() {
	set := func(d *time.Duration, value time.Duration) {
		if *d == 0 {
			*d = value
		}
	}
	set(&c.Patience, 5*time.Second)
	set(&c.StartPatience, 20*time.Second)
	set(&c.Soak, time.Second)
	if c.Env == nil {
		c.Env = os.Environ()
	}
	if c.Seed == 0 {
		c.Seed = 1
	}
	if c.Parallel == 0 {
		c.Parallel = runtime.GOMAXPROCS(0) + 1
	}
	if c.Match == nil {
		c.Match = func(string) bool { return true }
	}
	if c.Progress == nil {
		c.Progress = func(int, int) {}
	}
}

// python holds the modules that the kit brings for workers that run Python.
//
//go:embed python/*.py
var python embed.FS

// Open starts the worker once, to see that it can be judged and what it is. The
// error tells why it cannot. Close removes what the subject has made.
func Open(ctx context.Context, c Config) (*Subject, error) {
	if len(c.Command) == 0 {
		return nil, errors.New("live: no command")
	}
	c.withDefaults()
	dir, err := os.MkdirTemp("", "ringwire-conform-")
	if err != nil {
		return nil, fmt.Errorf("live: %w", err)
	}
	s := &Subject{config: c, dir: dir, hangs: map[string]int{}}
	// The system shows open files without symbolic links.
	if s.dir, err = filepath.EvalSymlinks(dir); err == nil {
		err = s.unpack()
	}
	if err == nil {
		err = s.introduce(ctx)
	}
	if err != nil {
		_ = s.Close()
		return nil, fmt.Errorf("live: %w", err)
	}
	return s, nil
}

// unpack writes the Python modules into the subject's directory.
func (s *Subject) unpack() error {
	entries, err := python.ReadDir("python")
	if err != nil {
		return err
	}
	for _, e := range entries {
		data, err := python.ReadFile("python/" + e.Name())
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(s.dir, e.Name()), data, 0o600); err != nil {
			return err
		}
	}
	return nil
}
