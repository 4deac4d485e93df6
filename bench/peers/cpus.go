package main

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// placement is where a caller and the process that answers it run.
type placement struct {
	suffix     string // of the peer's name
	absent     string // why it cannot be had here
	own, other int    // CPUs
}

// placements are with both on one CPU, and with one each.
func placements() []placement {
	cpus := allowedCPUs()
	one := placement{suffix: ", one CPU", own: cpus[0], other: cpus[0]}
	two := placement{suffix: ", two CPUs", own: cpus[0], other: cpus[len(cpus)-1]}
	if len(cpus) < 2 {
		two.absent = "this process may use one CPU only"
	}
	return []placement{one, two}
}

// allowedCPUs lists those that this process may use, at least one.
func allowedCPUs() []int {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil {
		return []int{0}
	}
	var cpus []int
	for i := 0; len(cpus) < set.Count(); i++ {
		if set.IsSet(i) {
			cpus = append(cpus, i)
		}
	}
	return cpus
}

// stayOn ties the goroutine to a thread and the thread to a CPU, for good.
func stayOn(cpu int) error {
	runtime.LockOSThread()
	return tie(0, cpu)
}

// settleOn ties this whole process to a CPU, and what it starts from now on too. It
// has one processor of the scheduler then, as if it had been started there.
func settleOn(cpu int) error {
	runtime.GOMAXPROCS(1)
	return tieProcess(os.Getpid(), cpu)
}

// tieProcess ties all threads of a process to a CPU. Those that it starts later
// are tied as the thread is that starts them.
func tieProcess(pid, cpu int) error {
	for tied := 0; ; {
		threads, err := filepath.Glob(filepath.Join("/proc", strconv.Itoa(pid), "task", "*"))
		if err != nil || len(threads) == 0 {
			return errors.Join(errors.New("list the threads of a process"), err)
		}
		if len(threads) == tied {
			return nil
		}
		// One that is not tied yet may have started another meanwhile.
		tied = len(threads)
		for _, thread := range threads {
			id, err := strconv.Atoi(filepath.Base(thread))
			if err != nil {
				return err
			}
			if err := tie(id, cpu); err != nil && !errors.Is(err, unix.ESRCH) {
				return err
			}
		}
	}
}

func tie(thread, cpu int) error {
	var set unix.CPUSet
	set.Set(cpu)
	if err := unix.SchedSetaffinity(thread, &set); err != nil {
		return errors.Join(errors.New("tie a thread to a CPU"), err)
	}
	return nil
}
