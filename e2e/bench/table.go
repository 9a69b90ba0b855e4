package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

// writeReport prints a report for people.
func writeReport(w io.Writer, r *Report) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s/%s, %d cores", r.Go, r.OS, r.Arch, r.CPUs)
	if r.Pinned {
		b.WriteString("; the server has one core, the load and Redis another\n")
	} else {
		b.WriteString("; nothing is pinned, so the load disturbs the server\n")
	}
	fmt.Fprintf(&b, "Redis: %s\n", r.Redis)
	s := r.Settings
	traffic := []string{
		"system", "CPU µs/delivery", "x floor", "deliveries/s", "x floor", "p50 ms", "p99 ms", "x floor",
		"msgs/frame", "load µs", "server busy", "load busy", "others",
	}
	if len(r.Paced) > 0 {
		t := paced(s.Paced)
		fmt.Fprintf(&b, "\nPaced: %s subscribers x %d messages/s of %d bytes on one channel; %d runs of %v\n",
			count(t.subscribers), int(1/t.interval.Seconds()), s.Size, s.Runs, s.Paced)
		grid(&b, traffic, trafficCells(r.Paced))
		remarks(&b, r.Paced)
	}
	if len(r.Flood) > 0 {
		t := saturation(s.Saturation)
		fmt.Fprintf(&b, "\nSaturation: %s subscribers on one channel, %d publishes of %d bytes in flight, closed loop; %d runs of %v\n",
			count(t.subscribers), t.inFlight, s.Size, s.Runs, s.Saturation)
		grid(&b, traffic, trafficCells(r.Flood))
		remarks(&b, r.Flood)
	}
	if len(r.Memory) > 0 {
		fmt.Fprintf(&b, "\nMemory: %s idle connections, a fresh process; %d runs\n", count(s.Idle), s.Runs)
		var cells [][]string
		for _, m := range r.Memory {
			cells = append(cells, []string{m.System, number(m.PerConnection), number(m.Before / 1024), number(m.After / 1024), number(m.Peak / 1024), number(m.Joined)})
		}
		grid(&b, []string{"system", "KiB/connection", "before MiB", "after MiB", "peak MiB", "all joined in s"}, cells)
		for _, m := range r.Memory {
			remark(&b, m.System, m.Note, m.Fault)
		}
	}
	if len(r.Transfer) > 0 {
		b.WriteString("\nTransfer: the page's WebAssembly\n")
		var cells [][]string
		for _, t := range r.Transfer {
			cells = append(cells, []string{t.Path, t.Encoding, number(t.Size)})
		}
		grid(&b, []string{"path", "encoding", "KiB"}, cells)
		for _, t := range r.Transfer {
			remark(&b, t.Encoding, t.Note, "")
		}
	}
	if r.Start != nil {
		fmt.Fprintf(&b, "\nStart: the front door in headless Chromium, on loopback; %d runs\n", r.Start.Runs)
		if r.Start.Note == "" {
			grid(&b, []string{"", "content painted ms", "alive ms", "and connected ms"}, [][]string{
				{"cold", number(r.Start.ColdPaint), number(r.Start.ColdAlive), number(r.Start.ColdReady)},
				{"warm", number(r.Start.WarmPaint), number(r.Start.WarmAlive), number(r.Start.WarmReady)},
			})
		}
		remark(&b, "start", r.Start.Note, "")
	}
	if len(r.Page) > 0 {
		fmt.Fprintf(&b, "\nPage: one tab in headless Chromium; frames and keys over %v\n", s.Paced)
		var cells [][]string
		for _, p := range r.Page {
			cells = append(cells, []string{
				p.Page, count(p.Rate), number(p.ReceivedPerSecond), number(p.FramesPerSecond), number(p.FrameP50), number(p.FrameP99), number(p.FrameMax),
				number(p.KeyP50), number(p.KeyP99),
			})
		}
		grid(&b, []string{"page", "messages/s", "received/s", "frames/s", "frame p50 ms", "p99 ms", "longest ms", "key p50 ms", "p99 ms"}, cells)
		for _, p := range r.Page {
			remark(&b, p.Page, p.Note, "")
		}
	}
	fmt.Fprintf(&b, "\nTook %.0f s.\n", r.Took)
	_, err := io.WriteString(w, b.String())
	return err
}

func trafficCells(rows []TrafficRow) [][]string {
	var cells [][]string
	for _, r := range rows {
		cells = append(cells, []string{
			r.System, number(r.CPUPerDelivery), times(r.ToFloor.CPUPerDelivery), count(int(r.DeliveriesPerSecond)), times(r.ToFloor.DeliveriesPerSecond),
			number(r.P50), number(r.P99), times(r.ToFloor.P99), number(r.MessagesPerFrame), number(r.LoadCPUPerDelivery),
			percent(r.Busy.Server), percent(r.Busy.Load), percent(r.Busy.Others),
		})
	}
	return cells
}

// disturbed is the share of a core that others may use before a row says so.
const disturbed = 0.05

func remarks(b *strings.Builder, rows []TrafficRow) {
	for _, r := range rows {
		remark(b, r.System, r.Note, r.Fault)
		if r.Busy.Others > disturbed {
			remark(b, r.System, "disturbed: other processes used "+percent(r.Busy.Others)+" of a core", "")
		}
	}
}

func remark(b *strings.Builder, who, note, fault string) {
	if note != "" {
		fmt.Fprintf(b, "  %s: %s\n", who, note)
	}
	if fault != "" {
		fmt.Fprintf(b, "  !!! %s: THESE NUMBERS ARE VOID: %s\n", who, fault)
	}
}

// grid prints a table: the first column to the left, the others to the right.
func grid(b *strings.Builder, head []string, rows [][]string) {
	all := append([][]string{head}, rows...)
	width := make([]int, len(head))
	for _, row := range all {
		for i, cell := range row {
			width[i] = max(width[i], len([]rune(cell)))
		}
	}
	for _, row := range all {
		fmt.Fprintf(b, "  %-*s", width[0], row[0])
		for i, cell := range row[1:] {
			fmt.Fprintf(b, "  %*s", width[i+1], cell)
		}
		b.WriteByte('\n')
	}
}

// unknown stands where there is no number.
const unknown = "-"

// number prints three significant digits, but every digit before the point.
func number(v float64) string {
	switch {
	case v == 0:
		return unknown
	case v < 10:
		return strconv.FormatFloat(v, 'f', 2, 64)
	case v < 100:
		return strconv.FormatFloat(v, 'f', 1, 64)
	default:
		return count(int(v + 0.5))
	}
}

func times(v float64) string {
	if v == 0 {
		return unknown
	}
	return strconv.FormatFloat(v, 'f', 2, 64)
}

func percent(v float64) string {
	if v == 0 {
		return unknown
	}
	return strconv.FormatFloat(v*100, 'f', 0, 64) + "%"
}

// count prints an integer with its thousands set apart.
func count(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
