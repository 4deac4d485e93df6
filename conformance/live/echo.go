//go:build linux

package live

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/ringwire/ringwire/conformance/live/internal/layout"
	"github.com/ringwire/ringwire/ring"
	"github.com/ringwire/ringwire/wire"
)

var echoes = []scenario{
	{
		group: "echo", name: "request-sizes", run: requestSizes,
		comment:      "requests of every size around the borders of slot, fragment, ring and max_message",
		requirements: "RING-014 RING-018 RING-023 LIFE-012",
	},
	{
		group: "echo", name: "response-sizes", run: responseSizes,
		comment:      "responses of every size around the borders of slot, fragment, ring and max_message",
		requirements: "RING-001 RING-002 RING-003 RING-004 RING-007 RING-009 LIFE-012",
	},
	{
		group: "echo", name: "above-max-message", run: aboveMaxMessage,
		comment:      "results of one byte and of many above max_message are answered with 413",
		requirements: "LIFE-017 RING-005 LIMIT-002",
	},
	{
		group: "echo", name: "failure-that-does-not-fit", run: failureThatDoesNotFit,
		comment:      "a failure is cut to what max_message allows",
		requirements: "RING-005 LIMIT-002 PAYLOAD-009",
	},
	geometryScenario("least", ring.Geometry{SlotCount: ring.SlotCountMin, SlotSize: ring.SlotSizeMin, MaxMessage: ring.MaxMessageMin}),
	geometryScenario("few-small-slots", ring.Geometry{SlotCount: 2, SlotSize: 64, MaxMessage: 8 << 10}),
	geometryScenario("odd-slots", ring.Geometry{SlotCount: 4, SlotSize: 1000, MaxMessage: 64 << 10}),
	geometryScenario("most-slots", ring.Geometry{SlotCount: ring.SlotCountMax, SlotSize: 64, MaxMessage: 64 << 10}),
	geometryScenario("largest-slots", ring.Geometry{SlotCount: 2, SlotSize: ring.SlotSizeMax, MaxMessage: ring.MaxMessageMax}),
	{
		group: "echo", name: "large", run: largeMessages,
		comment:      "megabytes both ways through a ring of one",
		requirements: "RING-009 RING-023 LIFE-012",
	},
	{
		group: "echo", name: "ids", run: extremeIDs,
		comment:      "request_id is echoed verbatim, and may be used again after the response",
		requirements: "LIFE-012",
	},
	{
		group: "echo", name: "many-in-flight", run: manyInFlight,
		comment:      "hundreds of calls of mixed sizes in flight, each with its own answer",
		requirements: "LIFE-010 LIFE-012 RING-002 RING-018",
	},
	{
		group: "echo", name: "text", run: echoText,
		comment:      "what JSON can say comes back as it was",
		requirements: "PAYLOAD-001 PAYLOAD-003",
	},
	{
		group: "echo", name: "positions", run: highPositions,
		comment:      "both rings pass position 2^32, many times round",
		requirements: "CONF-021 RING-008 RING-012",
	},
}

// echoOverhead is how much of the frame of an echo is not its text.
var echoOverhead = wire.RequestHeaderSize + len(module) + len("echo") + len(`{"t":""}`)

// fillOverhead is how much of the frame of the result of fill is not letters.
const fillOverhead = wire.ResponseHeaderSize + len(`""`)

// borders are the sizes around every border of a geometry.
func borders(g ring.Geometry) []int {
	sizes := []int{1, 2, 3}
	for _, slots := range []int{1, 2, 3, g.SlotCount - 1, g.SlotCount, g.SlotCount + 1, 2 * g.SlotCount, 5*g.SlotCount + 1} {
		n := slots * g.SlotSize
		sizes = append(sizes, n-1, n, n+1)
	}
	return append(sizes, g.MaxMessage-1, g.MaxMessage)
}

// echoFrame calls echo in a request of exactly so many bytes, if there are such.
func (l *lane) echoFrame(frame int) {
	n := frame - echoOverhead
	if n < 0 || frame > l.region.MaxMessage {
		return
	}
	kwargs := `{"t":"` + letters(n) + `"}`
	c := l.call("echo", kwargs)
	// A worker may write its result with spaces, so the longest need not fit.
	if r := l.expect(c); r.Status == wire.StatusTooLarge && frame > l.region.MaxMessage-64 {
		return
	}
	l.result(c, kwargs)
}

// fillFrame calls fill for a response of exactly so many bytes.
func (l *lane) fillFrame(frame int) {
	n := frame - fillOverhead
	if n < 0 || frame > l.region.MaxMessage {
		return
	}
	l.result(l.call("fill", fmt.Sprintf(`{"size":%d}`, n)), `"`+strings.Repeat("x", n)+`"`)
}

// letters are so many that no fragment is like another.
func letters(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = 'a' + byte((i/7+i)%26)
	}
	return string(b)
}

func requestSizes(t *trial) {
	l := t.start(setup{})
	for _, n := range borders(small) {
		l.echoFrame(n)
	}
	for n := echoOverhead; n < echoOverhead+2*small.SlotSize; n++ {
		l.echoFrame(n)
	}
	l.shutdown()
}

func responseSizes(t *trial) {
	l := t.start(setup{})
	for _, n := range borders(small) {
		l.fillFrame(n)
	}
	for n := fillOverhead; n < fillOverhead+2*small.SlotSize; n++ {
		l.fillFrame(n)
	}
	l.shutdown()
}

func aboveMaxMessage(t *trial) {
	l := t.start(setup{})
	for _, above := range []int{1, 2, small.SlotSize, 10 * small.MaxMessage} {
		size := small.MaxMessage - fillOverhead + above
		l.status(l.call("fill", fmt.Sprintf(`{"size":%d}`, size)), "LIFE-017", wire.StatusTooLarge)
		l.alive()
	}
	l.shutdown()
}

func failureThatDoesNotFit(t *trial) {
	l := t.start(setup{geometry: ring.Geometry{SlotCount: 4, SlotSize: 64, MaxMessage: ring.MaxMessageMin}})
	room := ring.MaxMessageMin - wire.RequestHeaderSize - len(module) - len("fail") - len(`{"message":""}`)
	for _, n := range []int{room, room - 1, room / 2, 1} {
		l.status(l.call("fail", `{"message":"`+letters(n)+`"}`), "PAYLOAD-007", wire.StatusRaised)
	}
	// Two bytes of text for each letter, so that a cut may meet the middle of one.
	l.status(l.call("fail", `{"message":"`+strings.Repeat("é", room/2)+`"}`), "PAYLOAD-007", wire.StatusRaised)
	l.shutdown()
}

func geometryScenario(name string, g ring.Geometry) scenario {
	return scenario{
		group: "echo", name: "slots-" + name,
		comment:      fmt.Sprintf("%d slots of %d bytes, max_message %d", g.SlotCount, g.SlotSize, g.MaxMessage),
		requirements: "LIMIT-001 LIFE-012",
		run: func(t *trial) {
			l := t.start(setup{geometry: g})
			for _, n := range []int{
				g.SlotSize, g.SlotSize + 1, 2 * g.SlotSize, g.SlotCount * g.SlotSize, g.SlotCount*g.SlotSize + 1,
				2*g.SlotCount*g.SlotSize - 1, g.MaxMessage,
			} {
				if n <= 5<<20 {
					l.echoFrame(n)
					l.fillFrame(n)
				}
			}
			for range 2*min(g.SlotCount, 64) + 1 {
				l.alive()
			}
			l.shutdown()
		},
	}
}

func largeMessages(t *trial) {
	l := t.start(setup{geometry: ring.Geometry{}.WithDefaults()})
	l.echoFrame(6 << 20)
	l.fillFrame(10 << 20)
	l.shutdown()
}

func extremeIDs(t *trial) {
	l := t.start(setup{})
	for range 3 {
		for _, id := range []uint32{1, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF, 0x01020304} {
			kwargs := fmt.Sprintf(`{"id":%d}`, id)
			l.result(l.send(l.request(id, module, "echo", kwargs), id), kwargs)
		}
	}
	l.shutdown()
}

func manyInFlight(t *trial) {
	l := t.start(setup{geometry: ring.Geometry{SlotCount: 64, SlotSize: 128, MaxMessage: 64 << 10}})
	random := rand.New(rand.NewPCG(t.kit.config.Seed, 1))
	type asked struct {
		*call
		want string
	}
	var calls []asked
	for i := range 400 {
		n := random.IntN(100)
		if i%20 == 0 {
			n = random.IntN(10_000)
		}
		want := fmt.Sprintf(`{"i":%d,"t":"%s"}`, i, letters(n))
		calls = append(calls, asked{l.call("echo", want), want})
	}
	for _, c := range calls {
		l.result(c.call, c.want)
	}
	l.shutdown()
}

func echoText(t *trial) {
	l := t.start(setup{})
	for _, text := range []string{
		"", "plain", "quote \" backslash \\ slash /", "line\nfeed\ttab\r", "zero \x00 byte", "delete \x7F",
		"é ß ñ", "\u65E5\u672C\u8A9E", "\U0001F600 \U0010FFFF", "\uFEFF at the start", "\u2028\u2029", "</script>&amp;",
	} {
		value, err := json.Marshal(map[string]any{"t": text, "list": []any{text, nil, true, 1.5}})
		if err != nil {
			t.broken(err)
		}
		l.result(l.call("echo", string(value)), string(value))
	}
	for _, value := range []string{
		`{}`, `{"a":null}`, `{"a":[]}`, `{"a":{}}`, `{"a":-1}`, `{"a":9007199254740991}`, `{"a":0.5}`,
		"{\n \"a\" :\t1 }\r\n", `{"\u0061":"\ud83d\ude00"}`,
	} {
		l.result(l.call("echo", value), value)
	}
	l.shutdown()
}

func highPositions(t *trial) {
	l := t.start(setup{early: func(l *lane) {
		for _, at := range []int{layout.RequestControl, layout.ResponseControl} {
			l.word64(at + layout.WritePosition).Store(1<<32 - 5)
			l.word64(at + layout.ReadPosition).Store(1<<32 - 5)
		}
	}})
	for i := range 12 * small.SlotCount {
		l.echoFrame(echoOverhead + i*9)
		l.fillFrame(fillOverhead + i*11)
	}
	l.shutdown()
}
