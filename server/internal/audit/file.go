package audit

import (
	"io"
	"log/slog"
	"time"

	"fanlight/shared/ops"
)

// file writes lines to what may fail, and says so when it may again.
type file struct {
	w    io.Writer
	node string
	log  *slog.Logger

	missing uint64 // events, since something was written last
	torn    bool   // the last write ended within a line
	failing bool
}

// write writes a line for each entry, in one go, after one for what is missing
// before them. It returns how many events are lost by it.
func (f *file) write(entries []ops.Entry, missing uint64) (lost uint64) {
	f.missing += missing
	var lines []byte
	if f.torn {
		lines = append(lines, '\n')
	}
	said := 0 // how many bytes it takes to say what is missing
	if f.missing > 0 {
		lines = append(lines, encode(ops.Lost{Node: f.node, At: time.Now().UnixMilli(), Lost: f.missing})...)
		said = len(lines)
		lines = append(lines, '\n')
	}
	ends := make([]int, len(entries))
	for i, e := range entries {
		e.Node = f.node
		lines = append(lines, encode(e)...)
		ends[i] = len(lines)
		lines = append(lines, '\n')
	}
	was := f.missing
	n, err := f.w.Write(lines)
	if n >= said {
		f.missing = 0
	}
	for i, e := range entries {
		if ends[i] > n {
			lost += uint64(e.Count) // #nosec G115 -- it is 1 at least
		}
	}
	f.missing += lost
	if n > 0 {
		f.torn = lines[n-1] != '\n'
	}
	switch {
	case err != nil && !f.failing:
		f.log.Error("the audit file is not written; what is lost is counted", "error", err)
	case err == nil && f.failing:
		f.log.Warn("the audit file is written again", "lost", was)
	}
	f.failing = err != nil
	return lost
}
