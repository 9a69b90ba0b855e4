package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
)

func TestTheTwinsUnpackToTheProgram(t *testing.T) {
	dir := t.TempDir()
	in, program := filepath.Join(dir, "in"), []byte(strings.Repeat("a program ", 5000))
	if err := os.WriteFile(in, program, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := run(in, dir, 5); err != nil {
		t.Fatal(err)
	}
	for ext, open := range map[string]func(io.Reader) (io.Reader, error){
		".br": func(r io.Reader) (io.Reader, error) { return brotli.NewReader(r), nil },
		".gz": func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) },
	} {
		packed, err := os.ReadFile(filepath.Join(dir, "app.wasm"+ext))
		if err != nil {
			t.Fatal(err)
		}
		r, err := open(bytes.NewReader(packed))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, program) {
			t.Errorf("%s: %d bytes, %v", ext, len(got), err)
		}
	}
}

func TestWhatIsDoneIsNotDoneAgain(t *testing.T) {
	dir := t.TempDir()
	in, br := filepath.Join(dir, "in"), filepath.Join(dir, "app.wasm.br")
	write := func(text string) {
		if err := os.WriteFile(in, []byte(strings.Repeat(text, 5000)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	at := func(quality int) os.FileInfo {
		if err := run(in, dir, quality); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(br)
		if err != nil {
			t.Fatal(err)
		}
		return info
	}
	write("one ")
	first := at(5)
	if !os.SameFile(first, at(4)) {
		t.Error("the same program was compressed again, less well")
	}
	better := at(6)
	if os.SameFile(first, better) {
		t.Error("a better quality was not honoured")
	}
	write("two ")
	changed := at(5)
	if os.SameFile(better, changed) {
		t.Error("another program was not compressed")
	}
	if err := os.Remove(filepath.Join(dir, "app.wasm.gz")); err != nil {
		t.Fatal(err)
	}
	at(5)
	if _, err := os.Stat(filepath.Join(dir, "app.wasm.gz")); err != nil {
		t.Error("a missing twin was not made again")
	}
}
