package subprocess

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/ringwire/ringwire/conformance"
	"github.com/ringwire/ringwire/conformance/vectors"
	"github.com/ringwire/ringwire/wire"
)

// Decoder is a command that is run once for every message.
type Decoder struct {
	argv     []string
	patience time.Duration
}

// Exit codes of a one-shot decoder.
const (
	exitAccepted      = 0
	exitRefused       = 1
	exitUnimplemented = 89
)

// NewDecoder returns a subject for the command. Patience is how long a run may
// take; 0: two seconds.
func NewDecoder(argv []string, patience time.Duration) (*Decoder, error) {
	if len(argv) == 0 {
		return nil, errors.New("subprocess: no command")
	}
	if _, err := exec.LookPath(argv[0]); err != nil {
		return nil, fmt.Errorf("subprocess: %w", err)
	}
	if patience == 0 {
		patience = 2 * time.Second
	}
	return &Decoder{argv, patience}, nil
}

// Info implements conformance.Subject.
func (d *Decoder) Info() conformance.Info {
	return conformance.Info{Name: strings.Join(d.argv, " "), Language: "unknown", Profiles: []string{"decode"}, MaxMessage: wire.MaxMessageDefault}
}

// Kind implements conformance.Subject.
func (*Decoder) Kind() string { return "decoder" }

// Parallel implements conformance.Subject.
func (*Decoder) Parallel() int { return 2 }

// Close implements conformance.Subject.
func (*Decoder) Close() error { return nil }

// Judge implements conformance.Subject.
func (d *Decoder) Judge(ctx context.Context, v *vectors.Vector) conformance.Verdict {
	if v.Profile() != "decode" {
		return conformance.Skipped("a one-shot decoder only decodes")
	}
	direction := "request"
	if v.IsResponse() {
		direction = "response"
	}
	ctx, cancel := context.WithTimeout(ctx, d.patience)
	defer cancel()
	args := append(append([]string{}, d.argv[1:]...), direction, strconv.FormatUint(uint64(v.MaxMessage), 10))
	cmd := exec.CommandContext(ctx, d.argv[0], args...)
	isolate(cmd)
	cmd.Cancel = func() error { kill(cmd); return nil }
	cmd.WaitDelay = time.Second
	cmd.Stdin = bytes.NewReader(*v.Input)
	out, err := cmd.Output()
	if ctx.Err() != nil {
		return failed(fmt.Errorf("no answer within %v", d.patience))
	}
	return outcome(v, out, err)
}

// outcome judges the end of a run.
func outcome(v *vectors.Vector, out []byte, err error) conformance.Verdict {
	code := exitAccepted
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit) && exit.ExitCode() >= 0:
		code = exit.ExitCode()
	case errors.As(err, &exit):
		return failed(fmt.Errorf("the decoder ended: %w", err))
	case err != nil && !isBrokenPipe(err):
		return failed(err)
	}
	switch code {
	case exitUnimplemented:
		return conformance.Skipped("not implemented")
	case exitAccepted:
		return verdict(&reply{OK: out}, nil, v)
	case exitRefused:
		var r reply
		if err := json.Unmarshal(out, &r); err != nil {
			return failed(fmt.Errorf("the refusal is no JSON object: %w: output=%.80q", err, out))
		}
		if r.Reject == nil {
			return failed(errors.New("exit status 1 without reject"))
		}
		return verdict(&r, nil, v)
	default:
		return failed(fmt.Errorf("the decoder ended: %w", err))
	}
}

// isBrokenPipe reports that the decoder did not read all of its input, which it
// need not.
func isBrokenPipe(err error) bool { return strings.Contains(err.Error(), "broken pipe") }
