package executor

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"
	"syscall"
)

// Transport says how a pool and its workers exchange messages.
type Transport string

const (
	// TransportAutomatic is what RINGWIRE_TRANSPORT names, if it is set, and else
	// the ring on Linux and x86-64, and the stream elsewhere and where the ring is
	// refused.
	TransportAutomatic Transport = ""
	// TransportRing is a pair of rings in shared memory (spec chapter 03). It needs
	// Linux, and Python workers that may use it x86-64.
	TransportRing Transport = "ring"
	// TransportStream is a connected socket (spec chapter 10). It works everywhere,
	// takes a few system calls for each call, and knows less of a worker that has
	// died: a call that was sent to it counts as started.
	TransportStream Transport = "stream"
)

// TransportVariable is the environment variable that chooses in place of
// TransportAutomatic.
const TransportVariable = "RINGWIRE_TRANSPORT"

// ErrRingUnavailable says that this system, or what confines this process, does
// not allow the ring transport.
var ErrRingUnavailable = errors.New("the ring transport is not available here")

// ringIsDefault: a ring needs Linux, and pure Python can use one only where the
// processor orders plain loads and stores (spec chapter 03, Memory ordering).
const ringIsDefault = runtime.GOOS == "linux" && runtime.GOARCH == "amd64"

func (t Transport) known() bool {
	return t == TransportAutomatic || t == TransportRing || t == TransportStream
}

// DefaultTransport returns what TransportAutomatic comes to in this process, now.
func DefaultTransport() (Transport, error) {
	return Config{Logger: slog.New(slog.DiscardHandler)}.chooseTransport()
}

// chooseTransport decides for a pool. It tries the ring before it settles for it.
func (cfg Config) chooseTransport() (Transport, error) {
	t := cfg.Transport
	if t == TransportAutomatic {
		t = Transport(os.Getenv(TransportVariable))
		if !t.known() {
			return t, fmt.Errorf("%s must be %q or %q: %s=%q", TransportVariable, TransportRing, TransportStream, TransportVariable, t)
		}
	}
	if t == TransportStream {
		return t, nil
	}
	if t == TransportAutomatic && !ringIsDefault {
		return TransportStream, nil
	}
	err := tryRing()
	switch {
	case err == nil:
		return TransportRing, nil
	case t == TransportRing && unavailable(err):
		return t, fmt.Errorf("%w: %w; allow memfd_create and eventfd on Linux, in the container's seccomp profile for instance, or use Transport %q", ErrRingUnavailable, err, TransportStream)
	case t == TransportRing || !unavailable(err):
		return t, err
	}
	cfg.Logger.Warn("no shared memory, so workers are reached by streams, which is slower", "error", err)
	return TransportStream, nil
}

// unavailable reports whether an error says that the system refuses a thing for
// good, rather than that it has run out of it.
func unavailable(err error) bool {
	return errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.ENOSYS) || errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EACCES)
}
