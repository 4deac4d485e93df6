package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"hash/fnv"
	"html"
	"io"
	"os"
	"slices"
	"strings"
	"time"
)

// flame is a function with those that it calls, and how often it was seen.
type flame struct {
	name   string
	weight int64
	calls  []*flame
}

// add counts a stack, whose outermost function comes first.
func (f *flame) add(stack []string, weight int64) {
	f.weight += weight
	if len(stack) == 0 {
		return
	}
	i := slices.IndexFunc(f.calls, func(c *flame) bool { return c.name == stack[0] })
	if i < 0 {
		i = len(f.calls)
		f.calls = append(f.calls, &flame{name: stack[0]})
	}
	f.calls[i].add(stack[1:], weight)
}

// write lists functions that have at least half a percent of the time, and what they
// call indented below them, with the time of each in nanoseconds a call.
func (f *flame) write(w io.Writer, call time.Duration, total int64, depth int) {
	calls := slices.Clone(f.calls)
	slices.SortFunc(calls, func(a, b *flame) int { return cmp.Compare(b.weight, a.weight) })
	for _, c := range calls {
		if c.weight*200 < total {
			return
		}
		share := float64(c.weight) / float64(total)
		fmt.Fprintf(w, "%6.0f ns %5.1f %%  %s%s\n", share*float64(call), 100*share, strings.Repeat(" ", depth), c.name)
		c.write(w, call, total, depth+1)
	}
}

// depth is how many functions above each other are worth drawing.
func (f *flame) depth(least int64) int {
	deepest := 0
	for _, c := range f.calls {
		if c.weight >= least {
			deepest = max(deepest, 1+c.depth(least))
		}
	}
	return deepest
}

// The picture, in pixels. A letter of its font is about letterWidth wide.
const (
	flameWidth  = 1200
	flameMargin = 10
	flameHeight = 16
	flameTitle  = 30
	letterWidth = 6.6
)

// drawFlames draws the outermost functions at the bottom; as wide as their share of
// the time are those that have at least half a percent of it.
func drawFlames(title string, root *flame, path string) error {
	if root.weight == 0 {
		return errors.New("nothing was seen: title=" + title)
	}
	p := flamePicture{least: max(root.weight/200, 1), total: root.weight}
	height := flameTitle + flameHeight*p.rows(root) + flameMargin
	fmt.Fprintf(&p.out, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" font-family="monospace" font-size="11">`+"\n",
		flameWidth, height)
	// White also where the page is dark.
	fmt.Fprintf(&p.out, `<rect width="100%%" height="100%%" fill="white"/><text x="%d" y="20" font-size="14">%s (%d samples)</text>`+"\n",
		flameMargin, html.EscapeString(title), root.weight)
	p.draw(root.calls, flameMargin, height-flameMargin-flameHeight)
	p.out.WriteString("</svg>\n")
	return os.WriteFile(path, p.out.Bytes(), 0o644)
}

type flamePicture struct {
	out          bytes.Buffer
	least, total int64
}

func (p *flamePicture) rows(root *flame) int { return root.depth(p.least) }

// draw draws functions beside each other, and above them what they call.
func (p *flamePicture) draw(flames []*flame, x float64, y int) {
	slices.SortFunc(flames, func(a, b *flame) int { return strings.Compare(a.name, b.name) })
	for _, f := range flames {
		if f.weight < p.least {
			continue
		}
		share := float64(f.weight) / float64(p.total)
		width := share * (flameWidth - 2*flameMargin)
		name := html.EscapeString(f.name)
		fmt.Fprintf(&p.out, `<g><title>%s %.1f %%</title><rect x="%.1f" y="%d" width="%.1f" height="%d" fill="%s" stroke="white" stroke-width="0.5"/>`,
			name, 100*share, x, y, width, flameHeight, flameColour(f.name))
		if letters := int((width - 4) / letterWidth); letters >= 3 {
			fmt.Fprintf(&p.out, `<text x="%.1f" y="%d">%s</text>`, x+2, y+12, html.EscapeString(shorten(f.name, letters)))
		}
		p.out.WriteString("</g>\n")
		p.draw(f.calls, x, y-flameHeight)
		x += width
	}
}

// shorten keeps the end of what comes before the parameters or the file.
func shorten(name string, letters int) string {
	if len(name) <= letters {
		return name
	}
	if i := strings.Index(name, " ("); i > 0 {
		name = name[:i]
	}
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		name = name[i+1:]
	}
	if len(name) <= letters {
		return name
	}
	return name[:letters-2] + ".."
}

// ours are the packages of this module, and the files of its worker.
var ours = []string{"executor.", "ring.", "wire.", "payload.", "internal/", "bench.", "(ringwire/", "ringwire_native", "(handlers.py"}

// flameColour keeps shades of red for our own functions, as in the plots.
func flameColour(name string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name))
	shade := int(h.Sum32() % 40)
	if slices.ContainsFunc(ours, func(s string) bool { return strings.Contains(name, s) }) {
		return fmt.Sprintf("#%02x%02x%02x", 235, 130+shade, 90+shade)
	}
	return fmt.Sprintf("#%02x%02x%02x", 165+shade, 195+shade, 215+shade)
}
