package executor

import (
	"fmt"
	"log/slog"
	"maps"
	"math/bits"
	"slices"
	"strings"
	"time"

	"github.com/ringwire/ringwire/internal/sys"
	"github.com/ringwire/ringwire/ring"
)

// Config says what a pool is. The zero value is usable, but allows no function
// to be called. New validates it once and reports every fault.
type Config struct {
	// Workers is the number of processes. 0: the CPUs that the affinity mask and
	// the cgroup allow.
	Workers int
	// Python is the interpreter, a name to look up in PATH or a path. "":
	// python3. Version 3.10 or later.
	Python string
	// Path lists directories that the workers search for modules first.
	Path []string
	// Allow lists the functions that may be called, as module:function patterns
	// in which * stands for any characters. A * in the function part does not
	// reach names that start with an underscore or that the module merely
	// imported. Nothing else can be called.
	Allow []string
	// Preload lists modules that a worker imports before it is ready, so that the
	// first call need not wait and New fails if they are broken.
	Preload []string
	// Env lists NAME=value settings that the workers get besides the
	// environment of this process. A later one wins.
	Env []string

	// Transport is how workers are reached. "": what the environment variable
	// RINGWIRE_TRANSPORT says, and else the ring on Linux and x86-64, and the stream
	// elsewhere and where the ring is refused.
	Transport Transport

	// MaxQueue bounds the calls that wait for a lane; one more is refused with
	// ErrQueueFull. 0: 65,536. Negative: no queue.
	MaxQueue int
	// MaxCalls replaces a worker after that many calls. 0: never.
	MaxCalls int
	// MaxRSS replaces a worker whose resident memory, in bytes, is greater after
	// a call. 0: never.
	MaxRSS int64
	// MaxAge replaces a worker of that age. 0: never.
	MaxAge time.Duration
	// IdleTTL replaces a worker that has had no call for so long since its last
	// one, to give its memory back. 0: never.
	IdleTTL time.Duration
	// StartTimeout bounds the start of a worker. 0: 60 s.
	StartTimeout time.Duration
	// CancelGrace is how long a call whose context is done may take to stop
	// before its worker is killed. 0: 500 ms. Negative: 1 ms.
	CancelGrace time.Duration
	// DrainTimeout is how long Close, and the replacement of a worker, wait for
	// calls in flight before the worker is killed. 0: 10 s. Negative: it is killed
	// at once.
	DrainTimeout time.Duration

	// JSONOnly is for workers, put in the place of Python, that know no payload
	// encoding but JSON (spec chapter 06): a []byte is base64 then, in both
	// directions, and long strings go through JSON too.
	JSONOnly bool

	// SlotCount, SlotSize and MaxMessage are the geometry of the rings; 0 means
	// 256 slots, 4,096 data bytes, and 64 MiB for the longest message. With the
	// stream transport, more than the default of the first two has no effect.
	SlotCount, SlotSize, MaxMessage int
	// Spin bounds how long either side looks for a message before it sleeps. 0:
	// chosen from the number of CPUs and workers. Negative: sleep at once.
	Spin time.Duration

	// Logger gets the life of the workers and what they print. nil: nothing is
	// logged.
	Logger *slog.Logger

	// loopback makes streams be TCP connections also where a worker could inherit
	// a socket. For tests.
	loopback bool
}

const (
	defaultMaxQueue     = 65536
	defaultStartTimeout = 60 * time.Second
	defaultCancelGrace  = 500 * time.Millisecond
	defaultDrainTimeout = 10 * time.Second
	maxWorkers          = 4096
)

// withDefaults returns a copy that shares nothing with cfg and has no zeros to
// interpret, or a *ConfigError.
func (cfg Config) withDefaults() (Config, error) {
	var faults []string
	fault := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }

	if cfg.Workers == 0 {
		cfg.Workers = sys.CPUs()
	}
	if cfg.Workers < 0 || cfg.Workers > maxWorkers {
		fault("Workers must be from 0 to %d: Workers=%d", maxWorkers, cfg.Workers)
	}
	if cfg.Python == "" {
		cfg.Python = "python3"
	}
	cfg.Path, cfg.Allow = slices.Clone(cfg.Path), slices.Clone(cfg.Allow)
	cfg.Preload, cfg.Env = slices.Clone(cfg.Preload), slices.Clone(cfg.Env)
	for _, p := range cfg.Allow {
		if err := checkPattern(p); err != nil {
			fault("Allow: %v", err)
		}
	}
	for _, e := range cfg.Env {
		if name, _, ok := strings.Cut(e, "="); !ok || name == "" || strings.ContainsRune(e, 0) {
			fault("Env must hold NAME=value: Env=%q", e)
		}
	}

	if !cfg.Transport.known() {
		fault("Transport must be %q, %q or empty: Transport=%q", TransportRing, TransportStream, cfg.Transport)
	}

	for name, n := range map[string]int64{
		"MaxCalls": int64(cfg.MaxCalls), "MaxRSS": cfg.MaxRSS, "MaxAge": int64(cfg.MaxAge),
		"IdleTTL": int64(cfg.IdleTTL), "StartTimeout": int64(cfg.StartTimeout),
	} {
		if n < 0 {
			fault("%s must not be negative: %s=%d", name, name, n)
		}
	}
	slices.Sort(faults) // the order of a map is not one

	cfg.MaxQueue = max(orDefault(cfg.MaxQueue, defaultMaxQueue), 0)
	cfg.StartTimeout = orDefault(cfg.StartTimeout, defaultStartTimeout)
	// Never zero: the verdict that a call cannot start any more relies on the
	// cancellation having reached the worker's cache (see call.giveUp).
	cfg.CancelGrace = max(orDefault(cfg.CancelGrace, defaultCancelGrace), time.Millisecond)
	cfg.DrainTimeout = max(orDefault(cfg.DrainTimeout, defaultDrainTimeout), 0)

	g := cfg.geometry().WithDefaults()
	cfg.SlotCount, cfg.SlotSize, cfg.MaxMessage = g.SlotCount, g.SlotSize, g.MaxMessage
	if n := cfg.SlotCount; n > 0 && bits.OnesCount(uint(n)) != 1 {
		fault("SlotCount must be a power of two: SlotCount=%d", n)
	} else if err := g.Validate(); err != nil {
		fault("%v", err)
	}
	cfg.Spin = orDefault(cfg.Spin, automaticSpin(cfg.Workers, sys.CPUs()))
	cfg.Spin = min(max(cfg.Spin, 0), time.Millisecond)

	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	if faults != nil {
		return cfg, &ConfigError{faults}
	}
	return cfg, nil
}

func (cfg Config) payloadEncoding() uint32 {
	if cfg.JSONOnly {
		return ring.PayloadEncodingJSON
	}
	return ring.PayloadEncodingJSONAttachments
}

func (cfg Config) geometry() ring.Geometry {
	return ring.Geometry{SlotCount: cfg.SlotCount, SlotSize: cfg.SlotSize, MaxMessage: cfg.MaxMessage}
}

func orDefault[T comparable](v, def T) T {
	var zero T
	if v == zero {
		return def
	}
	return v
}

// automaticSpin is longest where every worker and this process can have a CPU of
// its own. Where they cannot, a spinner takes time from whoever it waits for, so
// it only bridges the gap between two calls of a burst.
func automaticSpin(workers, cpus int) time.Duration {
	switch {
	case workers < cpus:
		return 50 * time.Microsecond
	case cpus > 1:
		return 20 * time.Microsecond
	}
	return 0
}

// environment returns the workers' environment: this process's, the caller's
// settings, and the worker configuration.
func environment(inherited, settings []string) []string {
	merged := make(map[string]string)
	for _, list := range [][]string{inherited, settings} {
		for _, e := range list {
			name, value, _ := strings.Cut(e, "=")
			merged[name] = value
		}
	}
	env := make([]string, 0, len(merged))
	for _, name := range slices.Sorted(maps.Keys(merged)) {
		env = append(env, name+"="+merged[name])
	}
	return env
}
