package main

import (
	"encoding/json"
	"fmt"
	"image/color"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"

	"github.com/ringwire/ringwire/bench"
)

// chart is a picture of some rows: a line for each peer.
type chart struct {
	file, title, x, y string
	rows              func(bench.Work) bool
	at                func(bench.Work, bench.Result) float64
	value             func(bench.Result) float64
	ticks             plot.Ticker // nil: where there are points
}

// aside are peers whose lines would lie close to another one's. The tables have them.
var aside = []string{
	"ringwire, stream", "ringwire, uvloop", "ringwire, orjson", "ringwire, accelerator",
	"ringwire, no spinning, one CPU", "ringwire, no spinning, two CPUs",
	"Unix socket, asyncio", "Unix socket, uvloop", "Unix socket, spinning, orjson",
}

func charts(workers int) []chart {
	adding := func(w bench.Work) bool {
		return w.Workers == workers && w.Function == bench.Add && !w.Async && w.InFlight > 0
	}
	alone := func(w bench.Work) bool {
		return w.Workers == workers && w.Function == bench.Echo && !w.Async && w.InFlight == 1 && w.Payload > 0
	}
	loaded := func(w bench.Work) bool { return w.Workers == workers && w.Function == bench.Add && w.InFlight == 0 }
	depth := func(w bench.Work, _ bench.Result) float64 { return float64(w.InFlight) }
	size := func(w bench.Work, _ bench.Result) float64 { return float64(w.Payload) }
	load := func(_ bench.Work, r bench.Result) float64 { return r.CallsPerSecond }
	µs := func(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
	p50 := func(r bench.Result) float64 { return µs(r.P50) }
	p99 := func(r bench.Result) float64 { return µs(r.P99) }
	rate := func(r bench.Result) float64 { return r.CallsPerSecond }
	cpu := func(r bench.Result) float64 { return µs(r.CPU) }
	const inFlight = "calls in flight"
	return []chart{
		{"throughput.svg", "Throughput, adding two numbers", inFlight, "calls/s", adding, depth, rate, nil},
		{"p50.svg", "Median latency, adding two numbers", inFlight, "µs", adding, depth, p50, nil},
		{"p99.svg", "99th percentile of latency, adding two numbers", inFlight, "µs", adding, depth, p99, nil},
		{"cpu.svg", "CPU time per call, caller and worker, adding two numbers", inFlight, "µs", adding, depth, cpu, nil},
		{"payload.svg", "Median latency, one call in flight, echoing a string", "bytes", "µs", alone, size, p50, nil},
		{"load.svg", "Median latency from when a call is due, adding two numbers", "calls/s", "µs", loaded, load, p50, decades{}},
	}
}

// plotReport draws the report on r into a folder.
func plotReport(r io.Reader, dir string) error {
	var report bench.Report
	if err := json.NewDecoder(r).Decode(&report); err != nil {
		return fmt.Errorf("read the report: %w", err)
	}
	if len(report.Rows) == 0 {
		return nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	workers := report.Rows[0].Workers
	m := report.Machine
	under := fmt.Sprintf("%s, %d CPUs, %s, %s", m.CPU, m.CPUs, m.Go, m.Python)
	for _, c := range charts(workers) {
		if err := c.draw(report, under, dir); err != nil {
			return fmt.Errorf("%s: %w", c.file, err)
		}
	}
	return nil
}

// line is what one peer has.
type line struct {
	peer   string
	points plotter.XYs
}

func (c chart) lines(rows []bench.Row) []line {
	var lines []line
	for _, row := range rows {
		if !c.rows(row.Work) {
			continue
		}
		for _, r := range row.Results {
			if slices.Contains(aside, r.Peer) || strings.HasPrefix(r.Peer, "floor:") || r.Fell() {
				continue
			}
			i := slices.IndexFunc(lines, func(l line) bool { return l.peer == r.Peer })
			if i < 0 {
				i = len(lines)
				lines = append(lines, line{peer: r.Peer})
			}
			// A logarithmic scale has no zero.
			if point := (plotter.XY{X: c.at(row.Work, r), Y: c.value(r)}); point.X > 0 && point.Y > 0 {
				lines[i].points = append(lines[i].points, point)
			}
		}
	}
	for _, l := range lines {
		slices.SortFunc(l.points, func(a, b plotter.XY) int { return int(a.X - b.X) })
	}
	return lines
}

func (c chart) draw(report bench.Report, under, dir string) error {
	lines := c.lines(report.Rows)
	if !slices.ContainsFunc(lines, func(l line) bool { return len(l.points) > 0 }) {
		return nil
	}
	p := plot.New()
	p.BackgroundColor = color.White // also where the page is dark
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = c.title, c.x+"\n"+under, c.y
	p.X.Scale, p.Y.Scale = plot.LogScale{}, plot.LogScale{}
	p.X.Tick.Marker, p.Y.Tick.Marker = c.ticks, decades{}
	if c.ticks == nil {
		p.X.Tick.Marker = ticksOf(lines)
	}
	p.Add(plotter.NewGrid())
	legend := plot.NewLegend()
	legend.Top, legend.Left, legend.YPosition = true, true, draw.PosCenter
	legend.Padding = vg.Points(3)
	for i, l := range lines {
		if len(l.points) == 0 {
			continue
		}
		drawn, points, err := plotter.NewLinePoints(l.points)
		if err != nil {
			return err
		}
		drawn.Color, points.Color = colourOf(l.peer, i), colourOf(l.peer, i)
		points.Shape = plotutil.Shape(i)
		if bench.IsOurs(l.peer) {
			drawn.Width = vg.Points(2)
		}
		p.Add(drawn, points)
		legend.Add(l.peer, drawn, points)
	}
	// Whole decades, and room where all values are the same.
	p.Y.Min, p.Y.Max = math.Pow10(int(math.Floor(math.Log10(p.Y.Min)))), math.Pow10(int(math.Ceil(math.Log10(p.Y.Max))))
	if p.Y.Min == p.Y.Max {
		p.Y.Max *= 10
	}
	if p.X.Min == p.X.Max {
		p.X.Min, p.X.Max = p.X.Min/2, p.X.Max*2
	}
	return save(p, legend, filepath.Join(dir, c.file))
}

// cold are colours that nobody takes for ours.
var cold = []color.Color{
	color.RGBA{R: 31, G: 119, B: 180, A: 255}, // blue
	color.RGBA{R: 44, G: 140, B: 60, A: 255},  // green
	color.RGBA{R: 125, G: 80, B: 165, A: 255}, // purple
	color.RGBA{R: 90, G: 90, B: 90, A: 255},   // grey
	color.RGBA{R: 20, G: 160, B: 170, A: 255}, // turquoise
	color.RGBA{R: 20, G: 40, B: 110, A: 255},  // navy
	color.RGBA{R: 130, G: 145, B: 20, A: 255}, // olive
}

// colourOf keeps shades of red for our own ways.
func colourOf(peer string, i int) color.Color {
	if !bench.IsOurs(peer) {
		return cold[i%len(cold)]
	}
	return color.RGBA{R: uint8(min(200+25*i, 245)), G: uint8(min(75*i, 180)), A: 255}
}

// decades puts ticks at powers of ten, with labels that are short.
type decades struct{}

func (decades) Ticks(least, most float64) []plot.Tick {
	ticks := plot.LogTicks{Prec: -1}.Ticks(least, most)
	for i := range ticks {
		if ticks[i].Label == "" {
			continue
		}
		switch v := ticks[i].Value; {
		case v >= 1e6:
			ticks[i].Label = fmt.Sprintf("%gM", v/1e6)
		case v >= 1e3:
			ticks[i].Label = fmt.Sprintf("%gk", v/1e3)
		}
	}
	return ticks
}

// ticksOf puts a tick where there is a point.
func ticksOf(lines []line) plot.Ticker {
	var ticks []plot.Tick
	for _, l := range lines {
		for _, point := range l.points {
			tick := plot.Tick{Value: point.X, Label: count(int(point.X))}
			if !slices.Contains(ticks, tick) {
				ticks = append(ticks, tick)
			}
		}
	}
	return plot.ConstantTicks(ticks)
}

func count(n int) string {
	switch {
	case n >= 1<<20:
		return fmt.Sprintf("%dM", n>>20)
	case n > 1<<10 && n%(1<<10) == 0:
		return fmt.Sprintf("%dK", n>>10)
	}
	return strconv.Itoa(n)
}

// save draws the plot with its legend beside it.
func save(p *plot.Plot, legend plot.Legend, path string) (err error) {
	const width, height, aside = 26 * vg.Centimeter, 13 * vg.Centimeter, 8.5 * vg.Centimeter
	canvas := vgsvg.New(width, height)
	all := draw.New(canvas)
	all.FillPolygon(color.White, []vg.Point{{}, {X: width}, {X: width, Y: height}, {Y: height}})
	p.Draw(draw.Crop(all, 0, -aside, 0, 0))
	legend.Draw(draw.Crop(all, width-aside+vg.Centimeter/2, 0, 0, -vg.Centimeter))
	f, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() {
		if closed := f.Close(); err == nil {
			err = closed
		}
	}()
	_, err = canvas.WriteTo(f)
	return err
}
