package pages

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
)

// program is the WebAssembly, compressed ahead of time.
const program = "app.wasm"

// loadProgram reads the WebAssembly as the build left it: app.wasm.br,
// app.wasm.gz, and app.wasm.json with what they unpack to. It returns nil when
// none was built.
func loadProgram(files fs.FS) (*asset, error) {
	said, err := fs.ReadFile(files, program+".json")
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // there may be none
	}
	if err != nil {
		return nil, err
	}
	var facts struct {
		SHA256 string `json:"sha256"`
		Size   int    `json:"size"`
	}
	if err := json.Unmarshal(said, &facts); err != nil {
		return nil, fmt.Errorf("pages: %s.json: %w", program, err)
	}
	if len(facts.SHA256) < 16 || facts.Size <= 0 {
		return nil, fmt.Errorf("pages: %s.json names no hash or no size", program)
	}
	a := &asset{contentType: "application/wasm", cache: revalidate, tag: facts.SHA256[:16], size: facts.Size}
	for _, twin := range []struct {
		ext  string
		body *[]byte
	}{{".br", &a.brotli}, {".gz", &a.gzip}} {
		if *twin.body, err = fs.ReadFile(files, program+twin.ext); err != nil {
			return nil, fmt.Errorf("pages: the build is incomplete: %w", err)
		}
	}
	return a, nil
}
