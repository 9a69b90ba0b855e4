package main

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// goPackage is what `go list` says of a package.
type goPackage struct {
	ImportPath string
	Imports    []string
}

// list returns our packages below a path.
func list(t *testing.T, below string) []goPackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Imports", below).Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("%v: %s", err, exit.Stderr)
		}
		t.Fatal(err)
	}
	var packages []goPackage
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
	if len(packages) == 0 {
		t.Fatal("go list finds nothing at " + below)
	}
	return packages
}

// floors of the server, from the ground up. A package may import those of a
// lower floor alone: not of its own.
var floors = [][]string{
	{"fanlight/server/internal/recovery", "fanlight/server/internal/embedded", "fanlight/server/internal/filter", "fanlight/server/internal/limit", "fanlight/server/internal/metrics", "fanlight/server/internal/audit", "fanlight/server/internal/report"},
	{"fanlight/server/internal/auth", "fanlight/server/internal/broker", "fanlight/server/internal/hub", "fanlight/server/internal/presence"},
	{"fanlight/server/internal/node"},
	{"fanlight/server/internal/session"},
	{"fanlight/server/internal/transport", "fanlight/server/internal/api"},
	{"fanlight/server/relay", "fanlight/server/internal/demo/referee", "fanlight/server/internal/demo/feed"},
	{"fanlight/server/internal/demo/market", "fanlight/server/internal/demo/sensor"},
	{"fanlight/server/demos"},
	{"fanlight/server"},
}

func floor(path string) int {
	return slices.IndexFunc(floors, func(f []string) bool { return slices.Contains(f, path) })
}

func TestTheServersImportsRunDownward(t *testing.T) {
	for _, p := range list(t, "fanlight/server/...") {
		at := floor(p.ImportPath)
		if at < 0 {
			t.Errorf("%s has no floor: give it one in deps_test.go", p.ImportPath)
			continue
		}
		for _, imported := range p.Imports {
			switch {
			case !strings.HasPrefix(imported, "fanlight/"), strings.HasPrefix(imported, "fanlight/shared/"):
			case strings.HasPrefix(imported, "fanlight/app/"):
				if p.ImportPath != "fanlight/server" {
					t.Errorf("%s imports %s: main.go is the one place that joins relay and pages", p.ImportPath, imported)
				}
			case floor(imported) < 0 || floor(imported) >= at:
				t.Errorf("%s imports %s, which is not below it", p.ImportPath, imported)
			}
		}
	}
}

// The client is for programs that talk to a relay. A relay that had it below
// would soon talk to itself. (main may hold it through the pages.)
func TestTheRelayDoesNotHoldTheClient(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "fanlight/server/relay").Output()
	if err != nil {
		t.Fatal(err)
	}
	deps := strings.Fields(string(out))
	if !slices.Contains(deps, "fanlight/server/internal/broker") {
		t.Fatal("that is no list of dependencies")
	}
	for _, dep := range deps {
		if dep == "fanlight/shared/client" || strings.HasPrefix(dep, "fanlight/app") || strings.HasPrefix(dep, "fanlight/e2e") {
			t.Errorf("fanlight/server/relay depends on %s", dep)
		}
	}
	for _, p := range list(t, "fanlight/server/...") {
		if slices.Contains(p.Imports, "fanlight/shared/client") {
			t.Errorf("%s imports fanlight/shared/client", p.ImportPath)
		}
	}
}

func TestWhatIsSharedImportsNeitherSide(t *testing.T) {
	for _, p := range list(t, "fanlight/shared/...") {
		for _, imported := range p.Imports {
			if strings.HasPrefix(imported, "fanlight/") && !strings.HasPrefix(imported, "fanlight/shared/") {
				t.Errorf("%s imports %s", p.ImportPath, imported)
			}
		}
	}
}

// Both sides pay for what the protocol imports, the browser by the byte.
func TestTheProtocolNeedsTheStandardLibraryAlone(t *testing.T) {
	for _, path := range []string{"fanlight/shared/protocol", "fanlight/shared/channel"} {
		for _, p := range list(t, path) {
			for _, imported := range p.Imports {
				if first, _, _ := strings.Cut(imported, "/"); strings.Contains(first, ".") || first == "fanlight" && imported != "fanlight/shared/protocol" {
					t.Errorf("%s imports %s", p.ImportPath, imported)
				}
			}
		}
	}
}

// The browser's program must never hold what only a server needs.
func TestTheBrowsersProgramIsWithoutTheServersLibraries(t *testing.T) {
	cmd := exec.Command("go", "list", "-deps", "fanlight/app")
	cmd.Env = append(cmd.Environ(), "GOOS=js", "GOARCH=wasm")
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	deps := strings.Fields(string(out))
	if !slices.Contains(deps, "fanlight/shared/client") {
		t.Fatal("that is no list of the page's dependencies")
	}
	for _, dep := range deps {
		for _, heavy := range []string{"github.com/redis/", "github.com/alicebob/", "github.com/prometheus/", "github.com/twmb/", "github.com/rabbitmq/", "github.com/golang-jwt/", "github.com/expr-lang/", "github.com/pelletier/", "fanlight/server", "fanlight/e2e"} {
			if strings.HasPrefix(dep, heavy) {
				t.Errorf("fanlight/app depends on %s", dep)
			}
		}
	}
}
