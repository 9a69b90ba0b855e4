package client

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"fanlight/shared/protocol"
)

var update = flag.Bool("update", false, "write the golden files")

func TestTheFramesThatAClientWrites(t *testing.T) {
	var frames []string
	play(t, Config{Flush: 16 * time.Millisecond}, func(w *world) {
		if err := w.c.Subscribe("news"); err != nil {
			t.Fatal(err)
		}
		p := w.next()
		p.accept <- nil
		note := func() { frames = append(frames, p.frame()) }
		note()
		p.say(hello, `{"id":2,"subscribed":{"channel":"news","offset":0}}`)
		event[Subscribed](w)
		for _, data := range []any{
			nil, true, 1.5, "<b>\"quoted\"</b> \u2028 é\n",
			struct{ N int }{1},
			json.RawMessage(`{"kept": [ 1,2 ],"as":"<it> is"}`), json.RawMessage("{\n\t\"a\": 1\r\n}"), json.RawMessage(nil),
		} {
			w.publish(w.t.Context(), "news", data)
			note()
		}
		w.publishWith("news", 1, protocol.Tags{"level": "warn <\u2028>", "cpu": 93.5, "n": 7})
		note()
		if err := w.c.SubscribeWith("tagged", SubscribeOptions{Filter: `level == "warn" && cpu < 3`}); err != nil {
			t.Fatal(err)
		}
		note()
		if err := w.c.Unsubscribe("news"); err != nil {
			t.Fatal(err)
		}
		note()
		w.c.nudge()
		note()
	})
	for i, f := range frames {
		// The keys are random.
		if head, tail, ok := strings.Cut(f, `,"key":"`); ok {
			frames[i] = head + `,"key":"` + strings.Repeat("k", 16) + tail[16:]
		}
	}
	got := []byte(strings.Join(frames, "\n\n") + "\n")
	const golden = "testdata/frames.golden"
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("the client writes\n%s\nnot\n%s\n(-update writes the file anew)", got, want)
	}
	for line := range protocol.Lines(got) {
		if _, err := protocol.DecodeCommand(line); err != nil {
			t.Errorf("%s: %v", line, err)
		}
	}
}

func TestWhatIsPublishedMayBeReusedAtOnce(t *testing.T) {
	raw := json.RawMessage(`"before"`)
	data, err := encode(raw)
	if err != nil {
		t.Fatal(err)
	}
	copy(raw, `"after!"`)
	if string(data) != `"before"` {
		t.Fatalf("%s", data)
	}
}

// Whatever is published either becomes one line of valid JSON that means the
// same, or is refused.
func FuzzEncode(f *testing.F) {
	for _, s := range []string{``, `1`, `1e999`, "[1,\n2]", "\"\xff\"", `"<\u2028>"`, `{"a":{"b":[null]}}`, "\r\n1\r\n", `1 2`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		for _, data := range []any{json.RawMessage(raw), []json.RawMessage{raw}, string(raw)} {
			line, err := encode(data)
			var refusal *protocol.Error
			switch {
			case err != nil && !errors.As(err, &refusal):
				t.Fatalf("%T is no *protocol.Error", err)
			case err != nil:
				continue
			case !json.Valid(line) || !utf8.Valid(line) || bytes.ContainsAny(line, "\r\n"):
				t.Fatalf("%q became %q", raw, line)
			}
			command := appendPublish(nil, 1, &call{channel: "a", data: line, key: "k"})
			c, err := protocol.DecodeCommand(command)
			if err != nil {
				t.Fatalf("%s: %v", command, err)
			}
			want, err := json.Marshal(data)
			if err != nil {
				t.Fatal(err)
			}
			if before, after := spelled(t, want), spelled(t, c.Publish.Data); !reflect.DeepEqual(before, after) {
				t.Fatalf("%s became %s", want, c.Publish.Data)
			}
		}
	})
}

// spelled decodes data and leaves numbers as they are written: JSON's may be
// larger than a float64.
func spelled(t *testing.T, data []byte) (v any) {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%q is not JSON: %v", data, err)
	}
	return v
}

// No frame of a server's, before or after the hello, harms the client.
func FuzzReceive(f *testing.F) {
	for _, s := range []string{
		hello, "", "\n\n", "null", `{"id":2,"subscribed":{"channel":"a","offset":4}}`,
		publication("a", "e", 5, `{"x":[1]}`), `{"publication":null,"id":2}`, `{"id":3,"error":{"code":"unavailable"}}`,
		`{"id":1,"hello":{"ping":-9223372036854775808,"time":-9223372036854775808,"limits":{"frame":-1}}}`,
		`{"publication":{"channel":"a","time":9223372036854775807,"foreign":true,"data":0}}`,
		helloFor(1), `{"id":3,"subscribed":{"channel":"b","epoch":"e","offset":9,"recovered":2,"filtered":true}}` + "\n" + publication("b", "e", 7, "1"),
		`{"moved":{"channel":"b","epoch":"e","offset":99}}`, `{"id":5,"refreshed":{"expires":-1}}`,
	} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		play(t, Config{Token: new(tokens).next}, func(w *world) {
			if err := w.c.Subscribe("a"); err != nil {
				t.Fatal(err)
			}
			if err := w.c.SubscribeWith("b", SubscribeOptions{Rewind: &protocol.Rewind{Count: 3}, Filter: warnings}); err != nil {
				t.Fatal(err)
			}
			w.publish(w.t.Context(), "a", 1)
			p := w.next()
			p.accept <- nil
			p.say(first)
			w.told()
			p.say(hello)
			w.told()
			p.say(second)
			w.told()
		})
	})
}
