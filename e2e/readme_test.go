package e2e_test

import (
	"bufio"
	"context"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The README's shell lines are run as they are printed, but for the ports,
// which may be taken here: what listens is started first and has to hear all
// that the others publish.
func TestTheReadmesLinesDoWhatItSays(t *testing.T) {
	needs(t, forReadme)
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var listen, publish []string
	for _, block := range regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(readme), -1) {
		for line := range strings.Lines(block[1]) {
			if strings.Contains(line, "curl -N") {
				listen = append(listen, line)
			} else {
				publish = append(publish, line)
			}
		}
	}
	if len(listen) < 1 || len(publish) < 3 {
		t.Fatalf("it has %d lines that listen and %d that publish", len(listen), len(publish))
	}

	p := start(t, "-addr", "127.0.0.1:0", "-embedded-addr", "127.0.0.1:0")
	url := p.says(`Open +http://(127\.0\.0\.1:\d+)$`)
	port := p.says(`redis-cli -p (\d+) `)
	eventually(t, "it is ready", func() bool { return status("http://"+url+"/readyz") == 200 })
	ported := strings.NewReplacer("127.0.0.1:8000", url, "-p 6380", "-p "+port)

	ctx, cancel := context.WithTimeout(t.Context(), 2*patience)
	defer cancel()
	var heard []*bufio.Scanner
	for _, line := range listen {
		cmd := exec.CommandContext(ctx, "sh", "-c", "exec "+ported.Replace(line))
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		defer func() {
			cancel()
			_ = cmd.Wait()
		}()
		lines := bufio.NewScanner(out)
		for lines.Scan() && !strings.HasPrefix(lines.Text(), "id: ") { // until it has subscribed
		}
		heard = append(heard, lines)
	}
	for _, line := range publish {
		if out, err := exec.CommandContext(ctx, "sh", "-c", ported.Replace(line)).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", line, err, out)
		}
	}
	for i, lines := range heard {
		var data []string
		for len(data) < len(publish) && lines.Scan() {
			if text, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				data = append(data, text)
			}
		}
		for n, text := range data {
			if !strings.Contains(publish[n], text) {
				t.Errorf("%s hears %q of %s", listen[i], text, publish[n])
			}
		}
		if len(data) < len(publish) {
			t.Errorf("%s hears %q", listen[i], data)
		}
	}
}

// A promise that names a test which does not exist is held by nothing.
func TestTheReadmesTestsExist(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	exist := map[string]bool{}
	err = filepath.WalkDir("..", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllStringSubmatch(string(source), -1) {
			exist[m[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile("`(Test[A-Za-z0-9]+)`").FindAllStringSubmatch(string(readme), -1)
	if len(named) < 8 {
		t.Fatalf("it names only %d", len(named))
	}
	for _, name := range named {
		if !exist[name[1]] {
			t.Errorf("there is no %s", name[1])
		}
	}
}
