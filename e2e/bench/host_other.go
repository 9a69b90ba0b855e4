//go:build !linux

package main

import (
	"errors"
	"time"
)

// Elsewhere than on Linux nothing is pinned, and what only /proc tells is
// absent from the report.

func cores() (server, load int, ok bool) { return 0, 0, false }

func pinSelf(int) error { return errors.ErrUnsupported }

func pinned(int, func() error) error { return errors.ErrUnsupported }

func cpuTime(int) (time.Duration, bool) { return 0, false }

func memory(int) (resident, peak uint64, ok bool) { return 0, 0, false }

func machineBusy() (time.Duration, bool) { return 0, false }
