package main

import (
	"slices"
	"testing"
)

func TestPercentilesAreMeasuredValues(t *testing.T) {
	hundred := make([]uint32, 100)
	for i := range hundred {
		hundred[i] = uint32(i + 1)
	}
	for _, c := range []struct {
		values []uint32
		q      float64
		want   uint32
	}{
		{nil, 0.5, 0},
		{[]uint32{7}, 0.5, 7},
		{[]uint32{7}, 0.99, 7},
		{[]uint32{1, 9}, 0.5, 1},
		{[]uint32{1, 9}, 0.51, 9},
		{hundred, 0, 1},
		{hundred, 0.5, 50},
		{hundred, 0.99, 99},
		{hundred, 1, 100},
	} {
		if got := percentile(c.values, c.q); got != c.want {
			t.Errorf("percentile %v of %d values: got %d, want %d", c.q, len(c.values), got, c.want)
		}
	}
}

func TestTheMedianLeavesItsInputAlone(t *testing.T) {
	vs := []float64{5, 1, 3}
	if median(vs) != 3 || !slices.Equal(vs, []float64{5, 1, 3}) {
		t.Errorf("median %v, and the values are %v", median(vs), vs)
	}
	if got := median([]float64{4, 1, 2, 3}); got != 2.5 {
		t.Errorf("of four values: %v", got)
	}
	if got := median(nil); got != 0 {
		t.Errorf("of none: %v", got)
	}
}

func TestRunsMergeIntoMediansAndKeepTheFirstFault(t *testing.T) {
	row := mergeTraffic([]TrafficRow{
		{System: "x", CPUPerDelivery: 3, P99: 30, Published: 10},
		{System: "x", CPUPerDelivery: 1, P99: 10, Published: 20, Fault: "lost one", Note: "busy"},
		{System: "x", CPUPerDelivery: 2, P99: 20, Published: 30, Fault: "lost two"},
	})
	if row.Runs != 3 || row.CPUPerDelivery != 2 || row.P99 != 20 || row.Published != 60 || row.Fault != "lost one" || row.Note != "busy" {
		t.Errorf("got %+v", row)
	}
}
