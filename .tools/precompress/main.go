// Command precompress writes the compressed twins of the page's WebAssembly,
// so that the server compresses nothing while it serves: app.wasm.br and
// app.wasm.gz, and app.wasm.json, which says what they were made of.
//
// Brotli at 11 takes half a minute and saves a tenth of the transfer over 9,
// which takes two seconds: 11 is for a release, 9 for the next look in the
// browser. When the program's hash is the one in app.wasm.json, and was
// compressed at least as well as asked for, nothing is done.
package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/andybalholm/brotli"
)

// facts is app.wasm.json. The server reads Size and SHA256; the rest is for
// people, and for deciding whether there is anything to do.
type facts struct {
	// SHA256 is that of the uncompressed program, in hex.
	SHA256 string `json:"sha256"`
	// Size, Brotli and Gzip are in bytes.
	Size   int `json:"size"`
	Brotli int `json:"brotli"`
	Gzip   int `json:"gzip"`
	// Quality is brotli's, 0 to 11.
	Quality int `json:"quality"`
}

func main() {
	in := flag.String("in", "bin/app.wasm", "the WebAssembly `file`")
	out := flag.String("out", "app/web/static", "the `directory` to write app.wasm.{br,gz,json} into")
	quality := flag.Int("quality", 9, "brotli's `quality`, 0 to 11; gzip is always at its best")
	flag.Parse()
	if err := run(*in, *out, *quality); err != nil {
		fmt.Fprintln(os.Stderr, "precompress:", err)
		os.Exit(1)
	}
}

func run(in, out string, quality int) error {
	if quality < brotli.BestSpeed || quality > brotli.BestCompression {
		return fmt.Errorf("brotli has the qualities %d to %d, not %d", brotli.BestSpeed, brotli.BestCompression, quality)
	}
	program, err := os.ReadFile(in)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(program)
	base := filepath.Join(out, "app.wasm")
	now := facts{SHA256: hex.EncodeToString(sum[:]), Size: len(program), Quality: quality}
	if old, ok := done(base); ok && old.SHA256 == now.SHA256 && old.Quality >= quality {
		fmt.Printf("app.wasm: unchanged, %s with brotli %d\n", kb(old.Brotli), old.Quality)
		return nil
	}

	start := time.Now()
	var br, gz []byte
	var brErr, gzErr error
	var wg sync.WaitGroup
	wg.Go(func() {
		br, brErr = compress(program, func(w io.Writer) (io.WriteCloser, error) {
			return brotli.NewWriterOptions(w, brotli.WriterOptions{Quality: quality, LGWin: 24}), nil
		})
	})
	wg.Go(func() {
		gz, gzErr = compress(program, func(w io.Writer) (io.WriteCloser, error) {
			return gzip.NewWriterLevel(w, gzip.BestCompression)
		})
	})
	wg.Wait()
	for _, err := range []error{brErr, gzErr} {
		if err != nil {
			return err
		}
	}
	now.Brotli, now.Gzip = len(br), len(gz)
	said, err := json.MarshalIndent(now, "", "  ")
	if err != nil {
		return err
	}
	// The facts go last: a build that is interrupted starts again.
	if err := os.Remove(base + ".json"); err != nil && !os.IsNotExist(err) {
		return err
	}
	for _, f := range []struct {
		ext  string
		body []byte
	}{{".br", br}, {".gz", gz}, {".json", append(said, '\n')}} {
		if err := write(base+f.ext, f.body); err != nil {
			return err
		}
	}
	fmt.Printf("app.wasm: %s, %s with brotli %d, %s with gzip, in %s\n",
		kb(now.Size), kb(now.Brotli), quality, kb(now.Gzip), time.Since(start).Round(100*time.Millisecond))
	return nil
}

// done reads what an earlier run left, if it left all of it.
func done(base string) (facts, bool) {
	said, err := os.ReadFile(base + ".json")
	if err != nil {
		return facts{}, false
	}
	var f facts
	if json.Unmarshal(said, &f) != nil {
		return facts{}, false
	}
	for ext, size := range map[string]int{".br": f.Brotli, ".gz": f.Gzip} {
		if info, err := os.Stat(base + ext); err != nil || info.Size() != int64(size) {
			return facts{}, false
		}
	}
	return f, true
}

func compress(program []byte, open func(io.Writer) (io.WriteCloser, error)) ([]byte, error) {
	var b bytes.Buffer
	w, err := open(&b)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(program); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// write replaces a file as a whole, so that no server embeds half of it.
func write(name string, body []byte) error {
	part := name + ".part"
	if err := os.WriteFile(part, body, 0o644); err != nil {
		return err
	}
	return os.Rename(part, name)
}

func kb(n int) string { return fmt.Sprintf("%d KB", (n+500)/1000) }
