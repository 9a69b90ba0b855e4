package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
)

// wasmPath finds the program that the page or its loader names.
var wasmPath = regexp.MustCompile(`["'](/[^"'\s]*\.wasm[^"'\s]*)["']`)

// wasmDefault is where go-app's loader looks when the page names nothing.
const wasmDefault = "/web/app.wasm"

// measureTransfer downloads the page's program the way that each kind of
// client would.
func (b *bench) measureTransfer(ctx context.Context) (rows []TransferRow, err error) {
	srv, err := b.serve(ctx, system{name: "fanlight", mode: modeFanlight})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, srv.proc.stop()) }()
	base := "http://" + srv.addr
	path := wasmDefault
	for _, from := range []string{"/", "/app.js"} {
		got, err := download(ctx, base+from, "identity")
		if m := wasmPath.FindSubmatch(got.body); err == nil && m != nil {
			path = string(m[1])
			break
		}
	}
	for _, encoding := range []string{"br", "gzip", "identity"} {
		row := TransferRow{Path: path, Encoding: encoding}
		got, err := download(ctx, base+path, encoding)
		switch {
		case err != nil:
			return nil, err
		case got.status == http.StatusNotFound:
			row.Note = "skipped: this build has no wasm"
		case got.status != http.StatusOK:
			row.Note = fmt.Sprintf("skipped: answered with %d", got.status)
		case encoding != "identity" && got.encoding != encoding:
			row.Note = fmt.Sprintf("skipped: served as %q", got.encoding)
		default:
			row.Size = kib(uint64(len(got.body)))
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// answer is what a download brought.
type answer struct {
	status   int
	encoding string
	body     []byte
}

// download gets a URL without touching the encoding of its body.
func download(ctx context.Context, url, encoding string) (answer, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return answer{}, err
	}
	req.Header.Set("Accept-Encoding", encoding)
	req.Close = true
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return answer{}, err
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, 64<<20))
	return answer{res.StatusCode, res.Header.Get("Content-Encoding"), body}, errors.Join(err, res.Body.Close())
}
