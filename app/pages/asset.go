package pages

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"strconv"
)

// asset is one resource with its representations. It never changes.
type asset struct {
	contentType string
	cache       string // Cache-Control
	tag         string // names the content, whatever the coding
	size        int    // unpacked
	plain       []byte // nil when it is to be unpacked from gzip
	gzip        []byte // nil when it would not be smaller
	brotli      []byte // nil unless compressed ahead of time
}

// revalidate is for everything whose address stays when its content changes.
const revalidate = "no-cache"

// newAsset takes a resource that is not compressed yet.
func newAsset(contentType string, body []byte) *asset {
	a := &asset{contentType: contentType, cache: revalidate, tag: hash(body), size: len(body), plain: body}
	if packed := pack(body); len(packed) < len(body)*9/10 {
		a.gzip = packed
	}
	return a
}

func hash(parts ...[]byte) string {
	h := sha256.New()
	for _, p := range parts {
		h.Write(p)
	}
	return hex.EncodeToString(h.Sum(nil)[:8])
}

func pack(body []byte) []byte {
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level exists
	_, _ = w.Write(body)                                  // a buffer takes all
	_ = w.Close()
	return b.Bytes()
}

// serve answers a GET or a HEAD with the status, or with 304.
func (a *asset) serve(w http.ResponseWriter, r *http.Request, status int) {
	var ours []coding
	if a.brotli != nil {
		ours = append(ours, brotlied)
	}
	if a.gzip != nil {
		ours = append(ours, gzipped)
	}
	chosen := negotiate(r.Header.Get("Accept-Encoding"), ours...)
	body, size, tag := a.plain, a.size, a.tag
	switch chosen {
	case brotlied:
		body, size, tag = a.brotli, len(a.brotli), a.tag+"-br"
	case gzipped:
		body, size, tag = a.gzip, len(a.gzip), a.tag+"-gz"
	}
	tag = `"` + tag + `"`

	h := w.Header()
	h.Set("Cache-Control", a.cache)
	h.Set("ETag", tag)
	if len(ours) > 0 {
		h.Set("Vary", "Accept-Encoding")
	}
	if status == http.StatusOK && matches(r.Header.Get("If-None-Match"), tag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Type", a.contentType)
	h.Set("Content-Length", strconv.Itoa(size))
	if chosen != identity {
		h.Set("Content-Encoding", string(chosen))
	}
	w.WriteHeader(status)
	if r.Method == http.MethodHead {
		return
	}
	// A client that is gone is nobody to tell.
	if body != nil {
		_, _ = w.Write(body)
		return
	}
	if unpacked, err := gzip.NewReader(bytes.NewReader(a.gzip)); err == nil {
		_, _ = io.CopyN(w, unpacked, int64(size))
	}
}
