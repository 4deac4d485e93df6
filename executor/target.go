package executor

import (
	"fmt"
	"maps"
	"strings"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"github.com/ringwire/ringwire/wire"
)

// target is a function name, taken apart and checked once.
type target struct {
	function     string // as the caller wrote it
	module, name []byte
}

// targets remembers the targets that were found good. It is bounded, because
// patterns may allow more names than there are functions.
type targets struct {
	allow []string

	known atomic.Pointer[map[string]*target] // never written to
	mu    sync.Mutex                         // for whoever replaces it
}

const maxTargets = 256

// find returns the target that function names, or an error that wraps
// ErrBadArguments or ErrForbidden.
func (t *targets) find(function string) (*target, error) {
	if known := t.known.Load(); known != nil {
		if found := (*known)[function]; found != nil {
			return found, nil
		}
	}
	module, name, ok := strings.Cut(function, ":")
	switch {
	case !ok || !validName(module) || !validName(name):
		return nil, fmt.Errorf("%w: a function is named module:function, each 1 to %d bytes of UTF-8 without NUL", ErrBadArguments, wire.NameMax)
	case !allowed(t.allow, module, name):
		return nil, fmt.Errorf("%w: no pattern in Allow matches it", ErrForbidden)
	}
	return t.remember(&target{function, []byte(module), []byte(name)}), nil
}

// remember copies what is known: a lock that every call takes would cost more than
// copying for each function that is called the first time.
func (t *targets) remember(found *target) *target {
	t.mu.Lock()
	defer t.mu.Unlock()
	known := make(map[string]*target)
	if old := t.known.Load(); old != nil && len(*old) < maxTargets {
		maps.Copy(known, *old)
	}
	known[found.function] = found
	t.known.Store(&known)
	return found
}

func validName(s string) bool {
	return s != "" && len(s) <= wire.NameMax && utf8.ValidString(s) && strings.IndexByte(s, 0) < 0
}
