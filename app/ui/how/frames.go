package how

import (
	"bytes"
	"strconv"
	"sync"
	"time"
	"unicode/utf8"
)

const (
	// MaxFrames is how many frames are shown.
	MaxFrames = 50
	// maxText is how much of a frame is shown, in bytes.
	maxText = 600
)

// frame is one that has passed.
type frame struct {
	number int // counts from 1
	sent   bool
	size   int // of the whole, in bytes
	lines  int // commands or messages in it
	text   string
	at     time.Time
}

// words says what is above the text.
func (f *frame) words() string {
	way := "← received"
	if f.sent {
		way = "→ sent"
	}
	words := way + ", " + strconv.Itoa(f.size) + " bytes"
	if f.lines > 1 {
		words += ", " + strconv.Itoa(f.lines) + " in one frame"
	}
	return words
}

// frames are the last that have passed. It is safe for concurrent use.
type frames struct {
	mu   sync.Mutex
	ring [MaxFrames]frame
	seen int
}

// add takes a frame in and does not keep its bytes.
func (r *frames) add(sent bool, raw []byte, at time.Time) {
	f := frame{sent: sent, size: len(raw), lines: 1 + bytes.Count(bytes.TrimSpace(raw), []byte("\n")), at: at}
	// A token may be longer than what is shown: first it is taken out.
	if sent {
		raw = withoutToken(raw)
	}
	cut := len(raw) > maxText
	if cut {
		raw = raw[:maxText]
		for len(raw) > 0 && !utf8.Valid(raw[max(0, len(raw)-utf8.UTFMax):]) {
			raw = raw[:len(raw)-1]
		}
	}
	f.text = string(raw)
	if cut {
		f.text += "…"
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen++
	f.number = r.seen
	r.ring[(r.seen-1)%MaxFrames] = f
}

// last returns the frames, the newest first.
func (r *frames) last() []frame {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := make([]frame, 0, min(r.seen, MaxFrames))
	for n := r.seen; n > 0 && n > r.seen-MaxFrames; n-- {
		all = append(all, r.ring[(n-1)%MaxFrames])
	}
	return all
}

var tokenField = []byte(`"token":"`)

// withoutToken puts an ellipsis in place of the token of a connect or a
// refresh. Only these begin a frame, or follow another one's end, with their
// own fields; a publish's data may say "token" as it likes.
func withoutToken(raw []byte) []byte {
	var out []byte
	for line := range bytes.Lines(raw) {
		head, _, _ := bytes.Cut(line, []byte(`":{`))
		if at := bytes.Index(line, tokenField); at >= 0 && (bytes.HasSuffix(head, []byte(`"connect`)) || bytes.HasSuffix(head, []byte(`"refresh`))) {
			at += len(tokenField)
			if end := bytes.IndexByte(line[at:], '"'); end >= 0 {
				out = append(append(append(out, line[:at]...), "…"...), line[at+end:]...)
				continue
			}
		}
		out = append(out, line...)
	}
	return out
}
