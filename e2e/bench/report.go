package main

import (
	"cmp"
	"time"
)

// Report is what -json writes. A number that could not be measured is left
// out; none that was measured is ever 0.
type Report struct {
	Started time.Time `json:"started"`
	// Go, OS and Arch are those of the bench itself.
	Go   string `json:"go"`
	OS   string `json:"os"`
	Arch string `json:"arch"`
	// CPUs is how many cores the bench found; Pinned says whether the server
	// had one of them for itself, and the load with Redis another.
	CPUs   int  `json:"cpus"`
	Pinned bool `json:"pinned"`
	// Redis says which one was used.
	Redis    string        `json:"redis"`
	Settings Settings      `json:"settings"`
	Paced    []TrafficRow  `json:"paced,omitempty"`
	Flood    []TrafficRow  `json:"saturation,omitempty"`
	Memory   []MemoryRow   `json:"memory,omitempty"`
	Transfer []TransferRow `json:"transfer,omitempty"`
	Start    *StartRow     `json:"page_start,omitempty"`
	Page     []PageRow     `json:"page,omitempty"`
	// Took is how long everything took, in seconds.
	Took float64 `json:"took_s"`
}

// TrafficRow is one system under one traffic: of every number the median of
// the runs.
type TrafficRow struct {
	System string `json:"system"`
	// Runs is of how many runs the numbers are.
	Runs int `json:"runs"`
	// DeliveriesPerSecond counts messages that arrived at a subscriber.
	DeliveriesPerSecond float64 `json:"deliveries_per_s"`
	// CPUPerDelivery is the server's user and system time, in microseconds.
	CPUPerDelivery float64 `json:"cpu_us_per_delivery,omitzero"`
	// LoadCPUPerDelivery is the load's own, Redis not included.
	LoadCPUPerDelivery float64 `json:"load_cpu_us_per_delivery,omitzero"`
	// P50 and P99 are the latencies, from publish to receipt, in milliseconds.
	P50 float64 `json:"p50_ms"`
	P99 float64 `json:"p99_ms"`
	// MessagesPerFrame is how many messages a WebSocket frame held.
	MessagesPerFrame float64 `json:"messages_per_frame"`
	// ToFloor are the row's numbers divided by the floor's of the same run of
	// the bench.
	ToFloor Ratios `json:"to_floor,omitzero"`
	Busy    Busy   `json:"busy"`
	// Published is how many messages were sent in all runs together; each
	// subscriber must have received each.
	Published uint64 `json:"published"`
	// Note is what a reader should know; Fault is what went wrong, and makes
	// the numbers void.
	Note  string `json:"note,omitempty"`
	Fault string `json:"fault,omitempty"`
}

// Ratios are those of a row to the floor: 2 is twice the floor's number.
type Ratios struct {
	CPUPerDelivery      float64 `json:"cpu_per_delivery,omitzero"`
	DeliveriesPerSecond float64 `json:"deliveries_per_s,omitzero"`
	P99                 float64 `json:"p99,omitzero"`
}

// Busy is how much of one core each part used: 1 is all of it.
type Busy struct {
	Server float64 `json:"server,omitzero"`
	// Load is the load and the Redis that the bench started.
	Load float64 `json:"load,omitzero"`
	// Others is everything else on the machine. It disturbs what is measured.
	Others float64 `json:"others,omitzero"`
}

// MemoryRow is what idle connections need, in KiB of the process's resident
// memory; the kernel's socket buffers are not in it. Of every number it is the
// median of the runs.
type MemoryRow struct {
	System      string `json:"system"`
	Runs        int    `json:"runs"`
	Connections int    `json:"connections"`
	// Joined is how long it took, in seconds, until all of them had connected
	// and joined the channel: what a relay that comes back has to take.
	Joined float64 `json:"joined_s,omitzero"`
	Before float64 `json:"before_kib,omitzero"`
	After  float64 `json:"after_kib,omitzero"`
	// Peak is the most that the process ever had.
	Peak          float64 `json:"peak_kib,omitzero"`
	PerConnection float64 `json:"per_connection_kib,omitzero"`
	Note          string  `json:"note,omitempty"`
	Fault         string  `json:"fault,omitempty"`
}

// TransferRow is the size of the page's program on the wire.
type TransferRow struct {
	Path string `json:"path"`
	// Encoding is what the client accepts; identity is none.
	Encoding string  `json:"encoding"`
	Size     float64 `json:"size_kib,omitzero"`
	Note     string  `json:"note,omitempty"`
}

// StartRow is how long the front door takes to start in a real browser, in
// milliseconds from the navigation: until content is painted, which is there
// before the WebAssembly, until the program has drawn the page and lives, and
// until it is connected besides. Cold is without anything in the browser's cache,
// warm with the service worker's copy.
type StartRow struct {
	Runs      int     `json:"runs"`
	ColdPaint float64 `json:"cold_paint_ms,omitzero"`
	ColdAlive float64 `json:"cold_alive_ms,omitzero"`
	ColdReady float64 `json:"cold_ready_ms,omitzero"`
	WarmPaint float64 `json:"warm_paint_ms,omitzero"`
	WarmAlive float64 `json:"warm_alive_ms,omitzero"`
	WarmReady float64 `json:"warm_ready_ms,omitzero"`
	Note      string  `json:"note,omitempty"`
}

// PageRow is a page under load, in a real browser.
type PageRow struct {
	Page string `json:"page"`
	// Rate is the messages a second into the one tab, and ReceivedPerSecond what
	// came by the page's own ledger, where it shows one.
	Rate              int     `json:"rate"`
	ReceivedPerSecond float64 `json:"received_per_s,omitzero"`
	FramesPerSecond   float64 `json:"frames_per_s"`
	// Frames are the times between two, Keys those from a key to the frame after
	// its letter was there, in milliseconds.
	FrameP50 float64 `json:"frame_p50_ms"`
	FrameP99 float64 `json:"frame_p99_ms"`
	FrameMax float64 `json:"frame_max_ms"`
	KeyP50   float64 `json:"key_p50_ms,omitzero"`
	KeyP99   float64 `json:"key_p99_ms,omitzero"`
	Note     string  `json:"note,omitempty"`
}

// mergeStart makes one row of several runs.
func mergeStart(runs []StartRow) StartRow {
	return StartRow{
		Runs:      len(runs),
		ColdPaint: middle(runs, func(r StartRow) float64 { return r.ColdPaint }),
		ColdAlive: middle(runs, func(r StartRow) float64 { return r.ColdAlive }),
		ColdReady: middle(runs, func(r StartRow) float64 { return r.ColdReady }),
		WarmPaint: middle(runs, func(r StartRow) float64 { return r.WarmPaint }),
		WarmAlive: middle(runs, func(r StartRow) float64 { return r.WarmAlive }),
		WarmReady: middle(runs, func(r StartRow) float64 { return r.WarmReady }),
	}
}

// faults returns everything that went wrong.
func (r *Report) faults() []string {
	var all []string
	for _, rows := range [][]TrafficRow{r.Paced, r.Flood} {
		for _, row := range rows {
			if row.Fault != "" {
				all = append(all, row.System+": "+row.Fault)
			}
		}
	}
	for _, row := range r.Memory {
		if row.Fault != "" {
			all = append(all, row.System+": "+row.Fault)
		}
	}
	return all
}

// mergeTraffic makes one row of several runs of the same system.
func mergeTraffic(runs []TrafficRow) TrafficRow {
	row := TrafficRow{
		System: runs[0].System, Runs: len(runs),
		DeliveriesPerSecond: middle(runs, func(r TrafficRow) float64 { return r.DeliveriesPerSecond }),
		CPUPerDelivery:      middle(runs, func(r TrafficRow) float64 { return r.CPUPerDelivery }),
		LoadCPUPerDelivery:  middle(runs, func(r TrafficRow) float64 { return r.LoadCPUPerDelivery }),
		P50:                 middle(runs, func(r TrafficRow) float64 { return r.P50 }),
		P99:                 middle(runs, func(r TrafficRow) float64 { return r.P99 }),
		MessagesPerFrame:    middle(runs, func(r TrafficRow) float64 { return r.MessagesPerFrame }),
		Busy: Busy{
			Server: middle(runs, func(r TrafficRow) float64 { return r.Busy.Server }),
			Load:   middle(runs, func(r TrafficRow) float64 { return r.Busy.Load }),
			Others: middle(runs, func(r TrafficRow) float64 { return r.Busy.Others }),
		},
	}
	for _, r := range runs {
		row.Published += r.Published
		row.Note, row.Fault = cmp.Or(row.Note, r.Note), cmp.Or(row.Fault, r.Fault)
	}
	return row
}

// mergeMemory does the same for memory.
func mergeMemory(runs []MemoryRow) MemoryRow {
	row := MemoryRow{
		System: runs[0].System, Runs: len(runs), Connections: runs[0].Connections,
		Joined:        middle(runs, func(r MemoryRow) float64 { return r.Joined }),
		Before:        middle(runs, func(r MemoryRow) float64 { return r.Before }),
		After:         middle(runs, func(r MemoryRow) float64 { return r.After }),
		Peak:          middle(runs, func(r MemoryRow) float64 { return r.Peak }),
		PerConnection: middle(runs, func(r MemoryRow) float64 { return r.PerConnection }),
	}
	for _, r := range runs {
		row.Note, row.Fault = cmp.Or(row.Note, r.Note), cmp.Or(row.Fault, r.Fault)
	}
	return row
}

// middle returns the median of one number of the rows.
func middle[R any](rows []R, of func(R) float64) float64 {
	vs := make([]float64, len(rows))
	for i, r := range rows {
		vs[i] = of(r)
	}
	return median(vs)
}

// compare sets the ratios of all rows to the floor, if it is among them.
func compare(rows []TrafficRow) {
	for _, floor := range rows {
		if floor.System != systemFloor {
			continue
		}
		for i := range rows {
			rows[i].ToFloor = Ratios{
				CPUPerDelivery:      ratio(rows[i].CPUPerDelivery, floor.CPUPerDelivery),
				DeliveriesPerSecond: ratio(rows[i].DeliveriesPerSecond, floor.DeliveriesPerSecond),
				P99:                 ratio(rows[i].P99, floor.P99),
			}
		}
	}
}
