package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

func TestThePagesProgramHoldsNothingOfTheServers(t *testing.T) {
	list := exec.Command("go", "list", "-deps", ".")
	list.Env = append(os.Environ(), "GOOS=js", "GOARCH=wasm")
	out, err := list.Output()
	if err != nil {
		t.Fatal(err)
	}
	deps := strings.Fields(string(out))
	if len(deps) < 100 {
		t.Fatalf("only %d packages: was that all?", len(deps))
	}
	for _, dep := range deps {
		for _, bad := range []string{"fanlight/server", "fanlight/e2e", "go-redis", "miniredis", "prometheus", "kafka", "franz-go", "amqp", "coder/websocket", "html/template"} {
			if strings.Contains(dep, bad) {
				t.Errorf("the closure holds %s", dep)
			}
		}
	}
}
