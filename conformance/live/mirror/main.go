//go:build linux

package mirror

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
	"unicode/utf8"

	"github.com/ringwire/ringwire/conformance/live/internal/layout"
	"github.com/ringwire/ringwire/internal/sys"
	"github.com/ringwire/ringwire/ring"
)

// Main serves the region that the arguments REGION and WORKER_ID name, and
// returns the exit code of the process. It may also end the process itself.
func Main(arguments []string, fault Fault) int {
	if len(arguments) != 2 || !Known(fault) {
		fmt.Fprintln(os.Stderr, "mirror: want REGION WORKER_ID, and a fault that exists")
		return 2
	}
	if fault != DiesOnSIGINT {
		signal.Ignore(syscall.SIGINT)
	}
	terminate := make(chan os.Signal, 1)
	signal.Notify(terminate, syscall.SIGTERM)

	w := &worker{fault: fault, sleepers: map[uint32]time.Time{}, canceled: map[uint32]uint64{}, early: map[uint32]bool{}}
	if err := w.attach(arguments[0]); err != nil {
		if fault != SilentRefusal {
			fmt.Fprintf(os.Stderr, "mirror: %v\n", err)
		}
		return int(ring.ExitRegionRefused)
	}
	if fault == NeverReady {
		select {}
	}
	if err := w.configure(); err != nil {
		fmt.Fprintf(os.Stderr, "mirror: %v\n", err)
		w.state(ring.StateFailed)
		w.out.bell.ring()
		return int(ring.ExitStartupFailed)
	}
	go w.watchLifeline()
	go func() {
		for range terminate {
			if fault != IgnoresSIGTERM {
				w.drain()
				w.bell.interrupt()
			}
		}
	}()
	w.becomeReady()
	w.serve()
	w.state(ring.StateStopped)
	w.out.bell.ring()
	return int(ring.ExitOK)
}

// attach opens and checks the region and the doorbells.
func (w *worker) attach(name string) error {
	file, err := open(name)
	if err != nil {
		return err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return err
	}
	size := int(info.Size())
	if size < layout.HeaderSize {
		return fmt.Errorf("region refused: size=%d", size)
	}
	if w.mem, err = sys.Map(file, size); err != nil {
		return err
	}
	if w.fault == WriteBeforeCheck && size >= layout.FirstSlots {
		w.mem[layout.FirstSlots-1] = 1
	}
	if w.region, err = ring.Attach(w.mem); err != nil {
		if w.fault != AnyVersion && w.fault != AnyFeature {
			return err
		}
		if err := w.attachAnyway(err); err != nil {
			return err
		}
	}
	w.in = newIntake(w.mem, w.region.Geometry, w.fault)
	if w.bell, err = newBell(w.region.RequestDoorbell); err != nil {
		return err
	}
	out, err := newBell(w.region.ResponseDoorbell)
	if err != nil {
		return err
	}
	if w.fault == DiesOnFullBell {
		out.refuse = func() { os.Exit(1) }
	}
	w.out = newOutbox(w.mem, w.region.Geometry, out, w.fault, w.fail)
	return nil
}

// attachAnyway uses a region that must be refused.
func (w *worker) attachAnyway(why error) error {
	const featuresAt = 56
	header := slices.Clone(w.mem[:layout.HeaderSize])
	defer copy(w.mem, header)
	clear(w.mem[featuresAt : featuresAt+8])
	if w.fault == AnyVersion {
		copy(w.mem, "RINGWIRE\x01\x00")
	}
	var err error
	if w.region, err = ring.Attach(w.mem); err != nil {
		return why
	}
	return nil
}

func open(name string) (*os.File, error) {
	number, inherited := strings.CutPrefix(name, "fd:")
	if !inherited {
		return os.OpenFile(name, os.O_RDWR, 0)
	}
	fd, err := strconv.Atoi(number)
	if err != nil {
		return nil, fmt.Errorf("region: %w", err)
	}
	return os.NewFile(uintptr(fd), "region"), nil
}

func (w *worker) configure() error {
	c, err := readConfig(w.fault)
	if err != nil {
		return err
	}
	w.rules = compile(c.Allow, w.fault)
	for _, name := range c.Preload {
		if name != Module {
			return fmt.Errorf("preload failed: module=%s", name)
		}
	}
	return nil
}

// inBetween is for how long a fault of the handshake can be seen. Whoever looks for
// it may have to wait for a CPU.
const inBetween = 300 * time.Millisecond

// becomeReady is the handshake.
func (w *worker) becomeReady() {
	pid := os.Getpid()
	if w.fault == ForeignPID {
		pid = os.Getppid()
	}
	introduce := func() { w.region.Worker().Introduce(pid, "ringwire-mirror 1.0") }
	switch w.fault {
	case ReadyTooEarly:
		w.state(ring.StateReady)
		w.out.bell.ring()
		time.Sleep(inBetween)
		introduce()
		return
	case BellBeforeReady:
		introduce()
		w.out.bell.ring()
		time.Sleep(inBetween)
		w.state(ring.StateReady)
		return
	case HeaderWriter:
		copy(w.mem[layout.HeaderSize-8:], "mirrored")
	}
	introduce()
	w.state(ring.StateReady)
	if w.fault != NoReadyBell {
		w.out.bell.ring()
	}
}

// watchLifeline ends the process with its master.
func (w *worker) watchLifeline() {
	if w.region.Lifeline < 0 || w.fault == IgnoresLifeline {
		return
	}
	_, _ = io.Copy(io.Discard, os.NewFile(uintptr(w.region.Lifeline), "lifeline"))
	os.Exit(int(ring.ExitLifeline))
}

// validEnd reports whether text does not end inside a character.
func validEnd(text string) bool {
	r, size := utf8.DecodeLastRuneInString(text)
	return r != utf8.RuneError || size > 1 || bytes.HasSuffix([]byte(text), []byte("\uFFFD"))
}
