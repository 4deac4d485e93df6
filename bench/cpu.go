package bench

import (
	"time"

	"github.com/ringwire/ringwire/internal/sys"
)

// cpuTime returns what the processes have used so far.
func cpuTime(pids []int) (time.Duration, error) {
	var sum time.Duration
	for _, pid := range pids {
		used, err := sys.CPUTime(pid)
		if err != nil {
			return 0, err
		}
		sum += used
	}
	return sum, nil
}

// withCPUTime adds to the sample of f what the processes use meanwhile.
func withCPUTime(pids []int, f func() (Sample, error)) (Sample, error) {
	before, err := cpuTime(pids)
	if err != nil {
		return Sample{}, err
	}
	sample, err := f()
	if err != nil {
		return Sample{}, err
	}
	after, err := cpuTime(pids)
	sample.CPU = after - before
	return sample, err
}
