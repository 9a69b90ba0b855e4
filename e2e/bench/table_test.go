package main

import (
	"flag"
	"os"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden file anew")

func TestTheReportLooksAsItAlwaysDid(t *testing.T) {
	rows := []TrafficRow{
		{
			System: systemFloor, Runs: 3, DeliveriesPerSecond: 19_992.4, CPUPerDelivery: 10.28, LoadCPUPerDelivery: 11.3,
			P50: 6.6, P99: 14.04, MessagesPerFrame: 1, Busy: Busy{Server: 0.21, Load: 0.23, Others: 0.01},
		},
		{
			System: "fanlight.v1", Runs: 3, DeliveriesPerSecond: 1_319_226, CPUPerDelivery: 0.74, LoadCPUPerDelivery: 0.56,
			P50: 13.1, P99: 133.1, MessagesPerFrame: 14.8, Busy: Busy{Server: 0.98, Load: 0.82, Others: 0.34},
		},
		{
			System: "plain WebSocket", Runs: 3, DeliveriesPerSecond: 827_441, P50: 20, P99: 63.5, MessagesPerFrame: 1,
			Note: "the load's core was full", Fault: "of 40 messages, 1 subscribers lack some (2 in all) and 0 received too many",
		},
	}
	compare(rows)
	r := &Report{
		Go: "go1.26", OS: "linux", Arch: "amd64", CPUs: 2, Pinned: true, Redis: "redis-server 7.0.15",
		Settings: Settings{Runs: 3, Paced: 6 * time.Second, Saturation: 4 * time.Second, Idle: 5000, Size: 64},
		Paced:    rows, Flood: rows[:2],
		Memory: []MemoryRow{
			{System: systemFloor, Connections: 5000, Joined: 0.8, Before: 8000, After: 18000, Peak: 18400, PerConnection: 2},
			{System: "fanlight.v1", Connections: 5000, Note: "memory is only read on Linux"},
		},
		Transfer: []TransferRow{
			{Path: "/web/app.wasm", Encoding: "br", Size: 1480},
			{Path: "/web/app.wasm", Encoding: "gzip", Note: "skipped: this build has no wasm"},
		},
		Start: &StartRow{Runs: 3, ColdPaint: 88.2, ColdAlive: 480, ColdReady: 512, WarmPaint: 41, WarmAlive: 140, WarmReady: 166.4},
		Page: []PageRow{
			{Page: "playground", FramesPerSecond: 60, FrameP50: 16.7, FrameP99: 17.2, FrameMax: 18, KeyP50: 9.1, KeyP99: 20.2},
			{Page: "playground", Rate: 5000, ReceivedPerSecond: 4987.6, FramesPerSecond: 57.3, FrameP50: 16.7, FrameP99: 33.4, FrameMax: 50, KeyP50: 12, KeyP99: 40, Note: "only 4000 messages a second were sent"},
		},
		Took: 151.6,
	}
	var b strings.Builder
	if err := writeReport(&b, r); err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/report.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("got\n%s\nwant\n%s", b.String(), want)
	}
	if f := r.faults(); len(f) != 1 || !strings.Contains(f[0], "plain WebSocket") {
		t.Errorf("faults: %q", f)
	}
}

func TestNumbersReadWell(t *testing.T) {
	for v, want := range map[float64]string{0: "-", 0.744: "0.74", 10.28: "10.3", 999.6: "1,000", 1_319_226: "1,319,226"} {
		if got := number(v); got != want {
			t.Errorf("%v: got %q, want %q", v, got, want)
		}
	}
}
