package bench

// Lists are what Works combines.
type Lists struct {
	Workers  []int // worker processes
	InFlight []int // calls at the same time
	Payloads []int // bytes of an echoed string
	Loads    []float64
	Rates    []float64 // calls per second
}

const (
	// busy is how many calls are in flight where one depth must do.
	busy = 64
	// large is from how many bytes on it matters whether they travel as JSON.
	large = 64 << 10
	// mostInFlight bounds the bytes of the strings in flight.
	mostInFlight = 8 << 20
)

// Works returns what is worth measuring: with the first number of workers, adding
// at every depth, with an async handler, and under each load, and echoing every
// payload alone and busily, a large one as bytes too; with the other numbers of
// workers, adding alone, busily, and under load.
func Works(l Lists) []Work {
	var works []Work
	for i, workers := range l.Workers {
		if i == 0 {
			works = append(works, l.all(workers)...)
			continue
		}
		for _, n := range []int{1, busy} {
			works = append(works, Work{Workers: workers, Function: Add, InFlight: n})
		}
		works = append(works, l.underLoad(workers)...)
	}
	return works
}

func (l Lists) all(workers int) []Work {
	var works []Work
	for _, n := range l.InFlight {
		works = append(works, Work{Workers: workers, Function: Add, InFlight: n})
	}
	for _, n := range []int{1, busy} {
		works = append(works, Work{Workers: workers, Function: Add, Async: true, InFlight: n})
	}
	works = append(works, l.underLoad(workers)...)
	for _, size := range l.Payloads {
		works = append(works, Work{Workers: workers, Function: Echo, Payload: size, InFlight: 1})
		if size >= large {
			works = append(works, Work{Workers: workers, Function: EchoBytes, Payload: size, InFlight: 1})
		}
		if n := min(busy, mostInFlight/max(size, 1)); n > 1 {
			works = append(works, Work{Workers: workers, Function: Echo, Payload: size, InFlight: n})
		}
	}
	return works
}

func (l Lists) underLoad(workers int) []Work {
	var works []Work
	for _, load := range l.Loads {
		works = append(works, Work{Workers: workers, Function: Add, Load: load})
	}
	for _, rate := range l.Rates {
		works = append(works, Work{Workers: workers, Function: Add, PerSecond: rate})
	}
	return works
}

// isAdding reports whether the work is a closed loop of calls as small as they get.
func isAdding(w Work) bool { return w.Function == Add && w.InFlight > 0 }
