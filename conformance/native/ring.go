package native

import (
	"errors"
	"strconv"
	"time"
	"unsafe"

	"github.com/ringwire/ringwire/conformance"
	"github.com/ringwire/ringwire/conformance/vectors"
	"github.com/ringwire/ringwire/ring"
)

// lane is a region image with the handles of both its sides.
type lane struct {
	image     []byte
	region    *ring.Region
	producers map[string]*producer
	consumers map[string]*consumer
}

type producer struct {
	*ring.Producer
	corrupt string
}

type consumer struct {
	*ring.Consumer
	corrupt string
}

// play runs a ring scenario on package ring.
func play(steps []vectors.RingStep) []conformance.Finding {
	l := &lane{}
	return conformance.PlayRing(steps, l)
}

// aligned returns n bytes that start at a multiple of 8, as shared memory does.
func aligned(n uint64) []byte {
	words := make([]uint64, (n+7)/8+1)
	return unsafe.Slice((*byte)(unsafe.Pointer(&words[0])), n)
}

// Image implements conformance.Lane.
func (l *lane) Image() []byte { return l.image }

// SetImage implements conformance.Lane.
func (l *lane) SetImage(image []byte) {
	if len(image) != len(l.image) {
		l.image = aligned(uint64(len(image)))
	}
	copy(l.image, image)
}

// Init implements conformance.Lane.
func (l *lane) Init(p *vectors.RingParams) string {
	g := ring.Geometry{SlotCount: int(p.SlotCount), SlotSize: int(p.SlotSize), MaxMessage: int(p.MaxMessage)}
	l.image = aligned(uint64(g.RegionSize()))
	region, err := ring.Format(l.image, ring.Header{
		Geometry: g, Generation: uint64(p.Generation), WorkerID: uint32(p.WorkerID),
		PayloadEncoding: ring.PayloadEncodingJSON,
		RequestDoorbell: -1, ResponseDoorbell: -1, Lifeline: -1, Spin: time.Duration(p.SpinNs),
	})
	if err != nil {
		return err.Error()
	}
	l.region = region
	l.Restart("request", 0)
	l.Restart("response", 0)
	return strconv.Itoa(g.RegionSize())
}

// Check implements conformance.Lane.
func (l *lane) Check() string {
	_, err := ring.Attach(l.image)
	var refused *ring.RegionError
	switch {
	case err == nil:
		return "0"
	case errors.As(err, &refused):
		return "REGION_REFUSED"
	default:
		return err.Error()
	}
}

// Restart implements conformance.Lane: new handles start at the positions that
// they find in the image.
func (l *lane) Restart(name string, _ uint64) {
	if l.producers == nil {
		l.producers, l.consumers = map[string]*producer{}, map[string]*consumer{}
	}
	if name == "response" {
		l.producers[name] = &producer{Producer: l.region.ResponseProducer()}
		l.consumers[name] = &consumer{Consumer: l.region.ResponseConsumer()}
		return
	}
	l.producers[name] = &producer{Producer: l.region.RequestProducer()}
	l.consumers[name] = &consumer{Consumer: l.region.RequestConsumer()}
}

// Push implements conformance.Lane.
func (l *lane) Push(name string, message []byte, urgent bool) (string, bool) {
	p := l.producers[name]
	if p.corrupt != "" {
		return p.corrupt, false
	}
	if len(message) > l.region.MaxMessage {
		return "TOO_LARGE", false
	}
	before := p.Position()
	if _, err := p.Released(); err != nil {
		p.corrupt = corruption(err)
		return p.corrupt, false
	}
	if p.Left() == 0 {
		p.Begin(len(message))
	}
	if _, err := p.Write(message[len(message)-p.Left():]); err != nil {
		p.corrupt = corruption(err)
		return p.corrupt, false
	}
	published := p.Position() != before
	if published && p.Left() == 0 && urgent {
		p.Urge()
	}
	return strconv.Itoa(len(message) - p.Left()), published && p.NeedsWakeup()
}

// Pop implements conformance.Lane.
func (l *lane) Pop(name string) (string, []byte) {
	c := l.consumers[name]
	if c.corrupt != "" {
		return c.corrupt, nil
	}
	message, _, err := c.Next()
	if err != nil {
		c.corrupt = corruption(err)
		return c.corrupt, nil
	}
	return strconv.Itoa(len(message)), message
}

func corruption(err error) string {
	var c *ring.CorruptError
	if errors.As(err, &c) {
		return c.Code.String()
	}
	return err.Error()
}
