package client

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"

	"fanlight/shared/protocol"
)

func TestWhatTheServerWritesIsReadTheFastWay(t *testing.T) {
	for _, p := range []protocol.Publication{
		{Channel: "a:b-c_d.e", Epoch: "e1", Offset: 1, ID: "x-1", Time: 1763902443123456, Data: []byte(`{"a":[1,"}}"]}`)},
		{Channel: "a", Foreign: true, Time: 1763902443123456, Data: []byte(`"\u00e9é"`)},
		{Channel: "a", Epoch: "e", Offset: 999999999999999999, ID: "", Time: 0, Data: []byte("0")},
		{Channel: "a", Epoch: "e", Offset: 1, ID: "x", Tags: protocol.Tags{"level": "warn", "cpu": 93.5, "n": -1e-9, "z": float64(0)}, Data: []byte("{}")},
	} {
		got, ok := decodePublication(protocol.AppendPublication(nil, &p))
		if !ok || !reflect.DeepEqual(got, p) {
			t.Errorf("%v: %+v, not %+v", ok, got, p)
		}
	}
}

func TestOtherLinesAreLeftToTheSlowWay(t *testing.T) {
	for _, line := range []string{
		"", "{", "null", `{"id":1,"pong":{"time":1}}`,
		`{"publication":{"channel":"a","time":1,"foreign":true,"data":1},"more":{"x":1}}`,
		`{"publication":{"channel":"a","time":1,"foreign":true,"data":1,"more":{}}}`,
		`{"publication":{"channel":"a","time":1,"foreign":true,"data":{}}`,
		`{"publication":{"channel":"a","time":1,"foreign":true,"data":}}`,
		`{"publication":{"channel":"a","time":-1,"foreign":true,"data":1}}`,
		`{"publication":{"channel":"a","time":01,"foreign":true,"data":1}}`,
		`{"publication":{"channel":"a","time":9999999999999999999,"foreign":true,"data":1}}`,
		`{"publication":{"channel":"\u0061","time":1,"foreign":true,"data":1}}`,
		`{"publication":{"channel":"a`,
		`{"publication":{"channel":"a","time":1,"tags":{},"data":1}}`,
		`{"publication":{"channel":"a","time":1,"tags":{"a":"é"},"data":1}}`,
		`{"publication":{"channel":"a","time":1,"tags":{"a":Inf},"data":1}}`,
		`{"publication":{"channel":"a","time":1,"tags":{"a":0x10},"data":1}}`,
		`{"publication":{"channel":"a","time":1,"tags":{"a":{}},"data":1}}`,
		`{"publication":{"channel":"a","time":1,"tags":{"a":1"b":2},"data":1}}`,
		`{"publication":{"channel":"a","time":1,"tags":{"a":1,},"data":1}}`,
		`{"publication":{"channel":"a","time":1,"tags":{"a":`,
	} {
		if p, ok := decodePublication([]byte(line)); ok {
			t.Errorf("%s is read as %+v", line, p)
		}
	}
}

func TestAMessageThatIsKeptDoesNotKeepItsFrame(t *testing.T) {
	line := []byte(publication("a", "e", 1, `"kept"`))
	p, ok := decodePublication(line)
	clear(line)
	if !ok || string(p.Data) != `"kept"` || p.Channel != "a" {
		t.Errorf("%v %+v", ok, p)
	}
}

// What the fast way reads, encoding/json reads the same.
func FuzzDecodePublication(f *testing.F) {
	f.Add([]byte(publication("a", "e", 5, `{"x":[1]}`)))
	f.Add([]byte(`{"publication":{"channel":"a","time":12,"foreign":true,"data": {"a":"}}"} }}`))
	f.Add([]byte(`{"publication":{"channel":"a","time":12,"tags":{"a":1.5e3,"b":"x","a":true},"data":1}}`))
	f.Add([]byte(`{"publication":{"channel":"a","time":12,"tags":{"a":1e999},"data":1e999}}`))
	f.Add([]byte("{\"publication\":{\"channel\":\"\xff\",\"time\":1,\"foreign\":true,\"data\":\"\xff\"}}"))
	f.Fuzz(func(t *testing.T, line []byte) {
		fast, ok := decodePublication(line)
		if !ok {
			return
		}
		var slow protocol.Message
		if err := json.Unmarshal(line, &slow); err != nil || slow.Publication == nil {
			t.Fatalf("%q: %v", line, err)
		}
		if !bytes.Equal(fast.Data, slow.Publication.Data) {
			t.Fatalf("%q: data %q, not %q", line, fast.Data, slow.Publication.Data)
		}
		fast.Data = slow.Publication.Data
		if !reflect.DeepEqual(fast, *slow.Publication) {
			t.Fatalf("%q: %+v, not %+v", line, fast, *slow.Publication)
		}
	})
}
