package how

import (
	"strings"
	"testing"
	"time"

	_ "embed"
)

//go:embed source.go
var own string

func TestAFunctionIsCutOutOfItsFile(t *testing.T) {
	got := Func(own, "Func")
	if !strings.HasPrefix(got, "// Func returns a function") || !strings.HasSuffix(got, "\treturn \"\"\n}\n") {
		t.Errorf("it is\n%s", got)
	}
	const file = "package a\n\n// One is one.\nfunc (a A) One() int { return 1 }\n\nfunc Two() {\n\tx()\n}\n"
	if got := Func(file, "(a A) One"); got != "// One is one.\nfunc (a A) One() int { return 1 }\n" {
		t.Errorf("one line is %q", got)
	}
	if got := Func(file, "Two"); got != "func Two() {\n\tx()\n}\n" {
		t.Errorf("without a comment it is %q", got)
	}
	if got := Func(file, "Tw"); got != "" {
		t.Errorf("one that is not there is %q", got)
	}
}

func TestTheLastFramesAreKeptTheNewestFirst(t *testing.T) {
	var r frames
	for range 3 * MaxFrames {
		r.add(false, []byte(`{"a":1}`+"\n"+`{"b":2}`), time.Now())
	}
	all := r.last()
	if len(all) != MaxFrames || all[0].number != 3*MaxFrames || all[MaxFrames-1].number != 2*MaxFrames+1 {
		t.Errorf("%d frames, from %d to %d", len(all), all[len(all)-1].number, all[0].number)
	}
	if got := all[0].words(); got != "← received, 15 bytes, 2 in one frame" {
		t.Errorf("it says %q", got)
	}
	r.add(true, []byte(strings.Repeat("é", maxText)), time.Now())
	if f := r.last()[0]; f.size != 2*maxText || len(f.text) != maxText+len("…") || !strings.HasSuffix(f.text, "é…") {
		t.Errorf("a long frame is %d bytes: %q", f.size, f.text)
	}
}

func TestATokenIsNotShown(t *testing.T) {
	var r frames
	for _, c := range []struct{ frame, want string }{
		{
			`{"id":1,"connect":{"version":1,"token":"` + strings.Repeat("secret", 1000) + `"}}` + "\n" + `{"id":2,"subscribe":{"channel":"a"}}`,
			`{"id":1,"connect":{"version":1,"token":"…"}}` + "\n" + `{"id":2,"subscribe":{"channel":"a"}}`,
		},
		{`{"id":9,"refresh":{"token":"secret"}}`, `{"id":9,"refresh":{"token":"…"}}`},
		{`{"id":9,"publish":{"channel":"a","data":{"token":"mine"}}}`, `{"id":9,"publish":{"channel":"a","data":{"token":"mine"}}}`},
	} {
		if r.add(true, []byte(c.frame), time.Now()); r.last()[0].text != c.want {
			t.Errorf("it shows %s", r.last()[0].text)
		}
	}
}
