package sys

import (
	"encoding/binary"
	"errors"
	"math"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func never() bool { return false }

// doorbells returns one of each kind, ready to be waited for.
func doorbells(t *testing.T) map[string]*Doorbell {
	t.Helper()
	event, child, err := NewDoorbell()
	if err != nil {
		t.Fatal(err)
	}
	child.Close()
	if err := event.Listen(); err != nil {
		t.Fatal(err)
	}
	bells := map[string]*Doorbell{"eventfd": event, "local": NewLocalDoorbell()}
	t.Cleanup(func() {
		for _, d := range bells {
			_ = d.Close()
		}
	})
	return bells
}

func TestDoorbell(t *testing.T) {
	for name, d := range doorbells(t) {
		t.Run(name, func(t *testing.T) {
			if err := d.Wait(func() bool { return true }, 0); err != nil {
				t.Fatal(err)
			}
			for range 1000 {
				ended := make(chan error)
				waits := make(chan struct{}, 1)
				go func() {
					ended <- d.Wait(func() bool { waits <- struct{}{}; return false }, 0)
				}()
				<-waits
				d.Ring() // from here on none is missed
				if err := <-ended; err != nil {
					t.Fatal(err)
				}
			}
			ended := make(chan error)
			go func() {
				for {
					if err := d.Wait(never, 0); err != nil { // rings from before may end some
						ended <- err
						return
					}
				}
			}()
			_ = d.Close()
			<-ended
			d.Ring() // does nothing
		})
	}
}

// A worker may write into its doorbell what it likes, also so much that ringing adds
// nothing any more.
//
//spec:test BELL-006
//spec:test BELL-010
func TestFullDoorbell(t *testing.T) {
	d := doorbells(t)["eventfd"]
	fd := d.bell.(*eventBell).fd
	full := binary.NativeEndian.AppendUint64(nil, math.MaxUint64-1)
	if _, err := unix.Write(fd, full); err != nil {
		t.Fatal(err)
	}
	d.Ring()
	for {
		if err := d.Wait(never, time.Millisecond); err != nil {
			t.Fatal(err)
		}
		if _, err := unix.Write(fd, full); err == nil {
			break // it has been read
		} else if !errors.Is(err, unix.EAGAIN) {
			t.Fatal(os.NewSyscallError("write", err))
		}
	}
}
