//go:build linux

package mirror

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
)

const configVariable = "RINGWIRE_WORKER_CONFIG"

// config is what the worker is told in its environment.
type config struct {
	Allow   []string `json:"allow"`
	Preload []string `json:"preload"`
}

func readConfig(f Fault) (c config, err error) {
	text, ok := os.LookupEnv(configVariable)
	if !ok {
		return c, nil
	}
	if f != KeepsConfig {
		_ = os.Unsetenv(configVariable)
	}
	err = json.Unmarshal([]byte(text), &c)
	return c, err
}

// rules are allow patterns, compiled.
type rules struct {
	fault    Fault
	patterns []rule
}

type rule struct {
	module, function *regexp.Regexp
	exact            bool // no * in the function
}

func compile(patterns []string, f Fault) *rules {
	r := &rules{fault: f}
	for _, p := range patterns {
		module, function, _ := strings.Cut(p, ":")
		r.patterns = append(r.patterns, rule{r.expression(module), r.expression(function), !strings.Contains(function, "*")})
	}
	return r
}

func (r *rules) expression(pattern string) *regexp.Regexp {
	text := strings.ReplaceAll(regexp.QuoteMeta(pattern), `\*`, ".*")
	if r.fault == QuestionMark {
		text = strings.ReplaceAll(text, `\?`, ".")
	}
	return regexp.MustCompile("(?s)^" + text + "$")
}

// allow reports whether a name may be called.
func (r *rules) allow(module, function string) bool {
	if r.fault == AllowsAll {
		return true
	}
	private := false
	for _, part := range strings.Split(function, ".") {
		private = private || strings.HasPrefix(part, "_")
	}
	for _, p := range r.patterns {
		if p.module.MatchString(module) && p.function.MatchString(function) && (p.exact || !private || r.fault == AllowsPrivate) {
			return true
		}
	}
	return false
}
