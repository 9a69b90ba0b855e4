package browser

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// patience is how long one action may take, on a machine with much else to do.
const patience = time.Minute

// Page is a tab with a storage, a cache and a service worker of its own. Its
// methods may be called from several goroutines, but actions share the tab.
type Page struct {
	ctx context.Context

	mu       sync.Mutex
	console  func(line string)
	problems []string
	requests []string
}

// Open opens an empty page, which ends with the test.
func (b *Browser) Open(t testing.TB) *Page {
	t.Helper()
	p, end, err := b.Page()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(end)
	return p
}

// Page opens an empty page, for who is no test.
func (b *Browser) Page() (p *Page, end func(), err error) {
	p = &Page{console: func(string) {}}
	p.ctx, end = chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext(), chromedp.WithListener(p.listen))
	if err := chromedp.Do(p.ctx); err != nil {
		end()
		return nil, nil, fmt.Errorf("opening a page: %w", err)
	}
	return p, end, nil
}

// Context is what chromedp's functions take to act on the page.
func (p *Page) Context() context.Context { return p.ctx }

// Do carries out actions, and fails the test when one fails or all of them take
// more than a minute.
func (p *Page) Do(t testing.TB, actions ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		t.Fatalf("%v\nthe page's problems: %q", err, p.Problems())
	}
}

// OnConsole has f called with each line that the page writes to the console
// from now on. It must not take long, nor use the page.
func (p *Page) OnConsole(f func(line string)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.console = f
}

// Problems returns what went wrong so far: errors on the console, exceptions
// that nothing caught, and what the browser itself complains about, such as a
// request that failed or that the page's policy forbids.
func (p *Page) Problems() []string {
	p.settle()
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.problems)
}

// Requests returns the URLs that the page asked for so far, its WebSockets'
// included.
func (p *Page) Requests() []string {
	p.settle()
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.requests)
}

// settle waits until everything that has happened was listened to: the answer
// to a command comes behind it.
func (p *Page) settle() {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	_, _ = chromedp.Run(ctx, chromedp.Evaluate[int]("0"))
}

// CheckClean reports, as errors of the test, every problem, and every request
// that left the site, which is the host and port of a URL. Problems that
// contain one of the expected texts are left out.
func (p *Page) CheckClean(t testing.TB, site string, expected ...string) {
	t.Helper()
	home, err := url.Parse(site)
	if err != nil {
		t.Fatal(err)
	}
	for _, problem := range p.Problems() {
		if !slices.ContainsFunc(expected, func(text string) bool { return strings.Contains(problem, text) }) {
			t.Errorf("the page has a problem: %s", problem)
		}
	}
	for _, request := range p.Requests() {
		u, err := url.Parse(request)
		if err != nil || u.Host != home.Host && u.Scheme != "data" && u.Scheme != "blob" && u.Scheme != "about" {
			t.Errorf("a request left the site: %s", request)
		}
	}
}

func (p *Page) listen(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		line := text(e.Args)
		p.console(line)
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeAssert {
			p.problems = append(p.problems, line)
		}
	case *runtime.EventExceptionThrown:
		line := e.ExceptionDetails.Text
		if x := e.ExceptionDetails.Exception; x != nil {
			line += " " + text([]*runtime.RemoteObject{x})
		}
		p.console(line)
		p.problems = append(p.problems, line)
	case *log.EventEntryAdded:
		line := strings.TrimSpace(e.Entry.Text + " " + e.Entry.URL)
		p.console(line)
		if e.Entry.Level == log.EntryLevelError {
			p.problems = append(p.problems, line)
		}
	case *network.EventRequestWillBeSent:
		p.requests = append(p.requests, e.Request.URL)
	case *network.EventWebSocketCreated:
		p.requests = append(p.requests, e.URL)
	}
}

// text joins what was written to the console.
func text(args []*runtime.RemoteObject) string {
	words := make([]string, len(args))
	for i, a := range args {
		var s string
		switch {
		case json.Unmarshal(a.Value, &s) == nil:
			words[i] = s
		case a.Description != "":
			words[i] = a.Description
		default:
			words[i] = string(a.Value)
		}
	}
	return strings.Join(words, " ")
}
