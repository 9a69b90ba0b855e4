package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// cores picks two of the cores that this process may run on: one for the
// server, one for the load and Redis.
func cores() (server, load int, ok bool) {
	var set unix.CPUSet
	if err := unix.SchedGetaffinity(0, &set); err != nil || set.Count() < 2 {
		return 0, 0, false
	}
	var allowed []int
	for cpu := 0; len(allowed) < set.Count(); cpu++ {
		if set.IsSet(cpu) {
			allowed = append(allowed, cpu)
		}
	}
	return allowed[len(allowed)-1], allowed[0], true
}

// pinSelf moves every thread of this process to one core; those to come
// inherit it from their makers.
func pinSelf(cpu int) error {
	var set unix.CPUSet
	set.Set(cpu)
	tasks, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	for _, t := range tasks {
		tid, err := strconv.Atoi(t.Name())
		if err != nil {
			return err
		}
		if err := unix.SchedSetaffinity(tid, &set); err != nil && !errors.Is(err, unix.ESRCH) {
			return err
		}
	}
	runtime.GOMAXPROCS(1)
	return nil
}

// pinned runs start, which starts a process, so that the process is bound to
// the core from its first instruction: a Go program reads its affinity only
// then.
func pinned(cpu int, start func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var before, set unix.CPUSet
	set.Set(cpu)
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return err
	}
	if err := unix.SchedSetaffinity(0, &set); err != nil {
		return err
	}
	return errors.Join(start(), unix.SchedSetaffinity(0, &before))
}

// cpuTime returns the user and system time of a process's threads so far,
// those that have ended included. It reads the process's CPU clock, which is
// the sum that /proc/<pid>/stat rounds to hundredths of a second.
func cpuTime(pid int) (time.Duration, bool) {
	// clock_getcpuclockid(3): the inverted pid over the clock's kind, 2 for
	// the scheduler's own count.
	var ts unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|2), &ts); err != nil {
		return 0, false
	}
	return time.Duration(ts.Nano()), true
}

// memory returns a process's resident memory and its peak, in bytes.
func memory(pid int) (resident, peak uint64, ok bool) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0, false
	}
	lines := bufio.NewScanner(strings.NewReader(string(status)))
	for lines.Scan() {
		var kib uint64
		if n, _ := fmt.Sscanf(lines.Text(), "VmRSS: %d kB", &kib); n == 1 {
			resident = kib << 10
		}
		if n, _ := fmt.Sscanf(lines.Text(), "VmHWM: %d kB", &kib); n == 1 {
			peak = kib << 10
		}
	}
	return resident, peak, resident > 0 && peak > 0
}

// machineBusy returns how long the machine's cores were busy so far, all of
// them together, time that a hypervisor took away included.
func machineBusy() (time.Duration, bool) {
	stat, err := os.ReadFile("/proc/stat")
	if err != nil {
		return 0, false
	}
	line, _, _ := strings.Cut(string(stat), "\n")
	var user, nice, system, idle, iowait, irq, softirq, steal int64
	if n, _ := fmt.Sscanf(line, "cpu %d %d %d %d %d %d %d %d", &user, &nice, &system, &idle, &iowait, &irq, &softirq, &steal); n != 8 {
		return 0, false
	}
	// In USER_HZ, which is 100 on every port of Go to Linux.
	return time.Duration(user+nice+system+irq+softirq+steal) * 10 * time.Millisecond, true
}
