// Command slim writes an overlay for go build (see -overlay in `go help
// build`) in which the package net/http is slim/http, a few types. Nothing of
// Go itself is changed: an overlay is a build that looks elsewhere for files.
package main

import (
	_ "embed" // for the package
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:embed http/http.go
var types []byte

func main() {
	out := flag.String("out", "bin", "the `directory` to write overlay.json and http.go into")
	flag.Parse()
	if err := run(*out); err != nil {
		fmt.Fprintln(os.Stderr, "slim:", err)
		os.Exit(1)
	}
}

func run(out string) error {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return err
	}
	replaced, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(root)), "src", "net", "http", "*.go"))
	if err != nil || len(replaced) == 0 {
		return fmt.Errorf("no net/http below %s: %w", root, err)
	}
	if out, err = filepath.Abs(out); err != nil {
		return err
	}
	ours := filepath.Join(out, "http.go")
	overlay := struct{ Replace map[string]string }{map[string]string{}}
	for _, file := range replaced {
		overlay.Replace[file] = "" // is not there
		if filepath.Base(file) == "http.go" {
			overlay.Replace[file] = ours
		}
	}
	b, err := json.MarshalIndent(overlay, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(out, 0o750); err != nil {
		return err
	}
	if err := os.WriteFile(ours, types, 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(out, "overlay.json"), b, 0o600)
}
