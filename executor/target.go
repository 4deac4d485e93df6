package executor

import (
	"fmt"
	"strings"
	"sync"
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

	mu    sync.RWMutex
	known map[string]*target
}

const maxTargets = 4096

// find returns the target that function names, or an error that wraps
// ErrBadArguments or ErrForbidden.
func (t *targets) find(function string) (*target, error) {
	t.mu.RLock()
	found := t.known[function]
	t.mu.RUnlock()
	if found != nil {
		return found, nil
	}
	module, name, ok := strings.Cut(function, ":")
	switch {
	case !ok || !validName(module) || !validName(name):
		return nil, fmt.Errorf("%w: a function is named module:function, each 1 to %d bytes of UTF-8 without NUL", ErrBadArguments, wire.NameMax)
	case !allowed(t.allow, module, name):
		return nil, fmt.Errorf("%w: no pattern in Allow matches it", ErrForbidden)
	}
	found = &target{function, []byte(module), []byte(name)}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.known) >= maxTargets || t.known == nil {
		t.known = make(map[string]*target)
	}
	t.known[function] = found
	return found, nil
}

func validName(s string) bool {
	return s != "" && len(s) <= wire.NameMax && utf8.ValidString(s) && strings.IndexByte(s, 0) < 0
}
