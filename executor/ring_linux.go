package executor

import (
	"errors"
	"os"
	"strconv"

	"github.com/ringwire/ringwire/internal/sys"
	"github.com/ringwire/ringwire/ring"
)

// Where a worker finds its end of a ring lane.
const (
	fdRegion = fdTransport + iota
	fdRequestDoorbell
	fdResponseDoorbell
	fdRingLifeline
)

// openRing makes the shared memory and the doorbells of a lane. The link has files
// to be closed also if there is an error.
func openRing(w *worker, header ring.Header) (l link, err error) {
	header.RequestDoorbell, header.ResponseDoorbell = fdRequestDoorbell, fdResponseDoorbell
	header.Lifeline = fdRingLifeline
	l.argument = "fd:" + strconv.Itoa(fdRegion)
	l.finish = func() {} // all that a worker leaves is in its region

	shared, err := sys.NewSharedMemory("ringwire-lane", header.RegionSize())
	if err != nil {
		return l, err
	}
	l.files = append(l.files, shared)
	mem, err := sys.Map(shared, header.RegionSize())
	if err != nil {
		return l, err
	}
	w.defers(func() { _ = sys.Unmap(mem) })
	if l.region, err = ring.Format(mem, header); err != nil {
		return l, err
	}

	var bells [2]*sys.Doorbell
	for i := range bells {
		bell, child, err := sys.NewDoorbell()
		if err != nil {
			return l, err
		}
		w.defers(func() { bell.Close() })
		bells[i], l.files = bell, append(l.files, child)
	}
	l.wakeWorker, l.wakeMaster = bells[0], bells[1]
	l.start = func(*worker) error {
		start := bells[0].Start
		if w.pool.cfg.Spin == 0 && !sys.OneCPU() {
			// The poller wakes us when the worker clears its doorbell, so early that we
			// are awake when its answer comes. With a spin we are so anyway, and on the
			// only CPU we would be in the worker's way.
			start = bells[0].Listen
		}
		return errors.Join(start(), bells[1].Listen())
	}
	return l, nil
}

// tryRing reports why a ring cannot be made, if so.
func tryRing() error {
	shared, err := sys.NewSharedMemory("ringwire-probe", os.Getpagesize())
	if err != nil {
		return err
	}
	shared.Close()
	bell, child, err := sys.NewDoorbell()
	if err != nil {
		return err
	}
	child.Close()
	return bell.Close()
}
