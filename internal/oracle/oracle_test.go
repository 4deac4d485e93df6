package oracle

import (
	"context"
	"reflect"
	"testing"

	"github.com/ringwire/ringwire/internal/slowwire"
	"github.com/ringwire/ringwire/spec"
)

func newOracle(t *testing.T) *Oracle {
	t.Helper()
	o, err := New(context.Background(), spec.Oracle)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := o.Close(); err != nil {
			t.Error(err)
		}
	})
	return o
}

func TestSamples(t *testing.T) {
	o := newOracle(t)
	for _, s := range slowwire.Samples() {
		got, err := o.Decode(s.Direction, s.Bytes, 1<<26)
		if want := slowwire.Decode(s.Direction, s.Bytes, 1<<26); err != nil || !reflect.DeepEqual(want, got) {
			t.Errorf("%s: err=%v want %+v, got %+v", s.Name, err, want, got)
		}
		cut := s.Bytes[:len(s.Bytes)-1]
		got, err = o.Decode(s.Direction, cut, 1<<26)
		if want := slowwire.Decode(s.Direction, cut, 1<<26); err != nil || !reflect.DeepEqual(want, got) {
			t.Errorf("%s, cut: err=%v want %+v, got %+v", s.Name, err, want.Refusal, got.Refusal)
		}
	}
}

// The module may add pages behind the room of the host while the two take turns.
func TestRoomAndModuleGrowByTurns(t *testing.T) {
	o := newOracle(t)
	for n := range 12 {
		var stream []byte
		kwargs := string(make([]byte, 1<<(2*n%23)))
		message := slowwire.Frame(slowwire.Request, map[string]uint64{"type": 1, "request_id": 1}, "m", "f", kwargs)
		stream = append(append(stream, message...), message...)
		frames, refusal, err := o.Split(slowwire.Request, [][]byte{stream[:30], stream[30:]}, 1<<26)
		if err != nil || refusal != nil || len(frames) != 2 || string(frames[1]) != string(message) {
			t.Fatalf("%d bytes: err=%v refusal=%v frames=%d", len(kwargs), err, refusal, len(frames))
		}
		if got, err := o.Decode(slowwire.Request, message, 1<<26); err != nil || got.Parts["kwargs"] != kwargs {
			t.Fatalf("%d bytes: err=%v", len(kwargs), err)
		}
	}
}

func TestModuleThatIsNone(t *testing.T) {
	for _, module := range [][]byte{nil, {0, 'a', 's', 'm', 1, 0, 0, 0}} {
		if o, err := New(context.Background(), module); err == nil {
			_ = o.Close()
			t.Errorf("accepted: %x", module)
		}
	}
}
