package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestThePagesProgramIsBuiltWithoutANetwork(t *testing.T) {
	dir := t.TempDir()
	if err := run(dir); err != nil {
		t.Fatal(err)
	}
	deps := func(args ...string) []string {
		list := exec.Command("go", append(append([]string{"list", "-deps"}, args...), "./app")...)
		list.Dir = "../.."
		list.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
		out, err := list.CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return strings.Fields(string(out))
	}
	slim, whole := deps("-overlay", filepath.Join(dir, "overlay.json")), deps()
	for _, heavy := range []string{"crypto/tls", "crypto/x509", "net/textproto", "mime/multipart"} {
		if !slices.Contains(whole, heavy) {
			t.Errorf("%s is not in the program anyway: this test shows nothing", heavy)
		}
		if slices.Contains(slim, heavy) {
			t.Errorf("the page's program holds %s", heavy)
		}
	}
}
