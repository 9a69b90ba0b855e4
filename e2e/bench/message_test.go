package main

import (
	"encoding/json"
	"errors"
	"testing"
	"time"
)

func TestAMessageIsJSONAndIsReadBackFromTheEndOfALine(t *testing.T) {
	at := time.Date(2031, 5, 6, 7, 8, 9, 10_000, time.UTC).UnixMicro()
	for _, size := range []int{minData, 64, 1000} {
		data := appendData(nil, at, 42, size)
		if len(data) != size || !json.Valid(data) {
			t.Fatalf("%d bytes, want %d, of JSON: %s", len(data), size, data)
		}
		for tail, line := range map[int]string{0: string(data), 2: `{"publication":{"data":` + string(data) + "}}"} {
			gotAt, n, err := readData([]byte(line), size, tail)
			if err != nil || gotAt != at || n != 42 {
				t.Fatalf("read %d, %d, %v from %s", gotAt, n, err, line)
			}
		}
	}
}

func TestALineThatIsNoMessageIsAnError(t *testing.T) {
	good := string(appendData(nil, 1_700_000_000_000_000, 7, 64))
	for _, line := range []string{"", "{}", good[1:], good + " ", `{"error":{"code":"internal","message":"` + good[:60] + `"}}`, "x" + good[:63]} {
		if _, _, err := readData([]byte(line), 64, 0); !errors.Is(err, errMessage) {
			t.Errorf("%q: got %v", line, err)
		}
	}
}

func TestABitsetKnowsWhatItHasSeen(t *testing.T) {
	var b bitset
	for _, n := range []uint64{0, 63, 64, 1000} {
		if !b.add(n) {
			t.Errorf("%d was new", n)
		}
		if b.add(n) {
			t.Errorf("%d was not new", n)
		}
	}
	if b.add(bitsetTop) {
		t.Error("a number beyond the bound was taken")
	}
}
