//go:build linux

package live

import (
	"bytes"
	"context"
	"time"

	"github.com/ringwire/ringwire/conformance"
	"github.com/ringwire/ringwire/conformance/live/internal/layout"
	"github.com/ringwire/ringwire/conformance/vectors"
	"github.com/ringwire/ringwire/ring"
)

// regionJobs puts every region header of the vectors to a worker that starts.
func (s *Subject) regionJobs() []job {
	var jobs []job
	for i := range s.config.Vectors {
		v := &s.config.Vectors[i]
		id := "live-" + v.ID
		if !isRegion(v) || !s.config.Match(id) {
			continue
		}
		jobs = append(jobs, func(ctx context.Context) []conformance.Result {
			requirements := append([]string{"LIFE-001"}, v.Requirements...)
			if v.Result == vectors.Invalid {
				requirements = append(requirements, "REGION-011")
			}
			verdict := s.try(ctx, "region", func(t *trial) { t.handOver(v) })
			return []conformance.Result{s.result(id, v.Comment, requirements, verdict)}
		})
	}
	return jobs
}

// isRegion reports whether a vector is one region and its judgement. Vectors that
// choose the descriptors themselves cannot be put to a process that needs them.
func isRegion(v *vectors.Vector) bool {
	if v.Profile() != "ring" || v.Result == vectors.Acceptable {
		return false
	}
	checks := 0
	for _, step := range v.Steps {
		switch step.Do {
		case "init":
			// A mapping of no bytes is none, and one beyond this is a burden.
			if step.Params == nil || geometryOf(step.Params).RegionSize() > maxRegion {
				return false
			}
		case "write":
			for _, w := range step.Writes {
				if w.Offset < layout.DescriptorsEnd && uint64(w.Offset)+uint64(len(w.Bytes)) > layout.DescriptorsAt {
					return false
				}
			}
		case "size":
			if *step.Size == 0 || *step.Size > maxRegion {
				return false
			}
		case "check":
			checks++
		default:
			return false
		}
	}
	return checks == 1 && v.Steps[len(v.Steps)-1].Do == "check"
}

const maxRegion = 64 << 20

func geometryOf(p *vectors.RingParams) ring.Geometry {
	return ring.Geometry{SlotCount: int(p.SlotCount), SlotSize: int(p.SlotSize), MaxMessage: int(p.MaxMessage)}
}

// handOver starts a worker with the region of a vector.
func (t *trial) handOver(v *vectors.Vector) {
	image, size := t.image(v)
	l := t.newLane(size, setup{})
	copy(l.mem, image)
	before := bytes.Clone(l.mem)
	if v.Result == vectors.Valid {
		region, err := ring.Attach(l.mem)
		if err != nil {
			t.broken(err)
		}
		l.region = region
		l.open()
		l.spawn()
		l.ready()
		l.alive()
		l.shutdown()
		return
	}
	l.spawn()
	if !l.until(t.kit.config.StartPatience, l.gone) {
		l.fatalf("", "the worker did not refuse the region: it still ran after %v", t.kit.config.StartPatience)
	}
	if !l.exitedWith(ring.ExitRegionRefused) {
		l.fatalf("", "want exit code 70 (EXIT_REGION_REFUSED), got %s", l.end())
	}
	if l.stderr.lastLines(1) == "" {
		l.failf("REGION-011", "nothing on standard error says why the region was refused")
	}
	if at := firstChange(before, l.mem); at >= 0 {
		l.failf("LIFE-001", "the worker wrote to a region that it refused, at offset %d", at)
	}
}

// image returns the region of a vector, as far as it is not zero, and its size.
func (t *trial) image(v *vectors.Vector) (image []byte, size int) {
	for _, step := range v.Steps {
		switch step.Do {
		case "init":
			h := ring.Header{
				Geometry: geometryOf(step.Params), Generation: uint64(step.Params.Generation), WorkerID: uint32(step.Params.WorkerID),
				PayloadEncoding: ring.PayloadEncodingJSON, Spin: time.Duration(step.Params.SpinNs),
				RequestDoorbell: fdRequestDoorbell, ResponseDoorbell: fdResponseDoorbell, Lifeline: fdLifeline,
			}
			size = h.RegionSize()
			image = make([]byte, size)
			if _, err := ring.Format(image, h); err != nil {
				t.broken(err)
			}
		case "size":
			size = int(*step.Size)
		case "write":
			for _, w := range step.Writes {
				if uint64(w.Offset) < uint64(len(image)) {
					copy(image[w.Offset:], w.Bytes)
				}
			}
		}
	}
	return image, size
}

// firstChange returns where a region was changed, apart from the worker block, in
// which a worker that fails may say so; -1: nowhere.
func firstChange(before, after []byte) int {
	for at := range before {
		if before[at] != after[at] && (at < layout.WorkerBlock || at >= layout.WorkerBlockEnd) {
			return at
		}
	}
	return -1
}
