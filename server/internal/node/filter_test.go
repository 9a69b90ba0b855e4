package node_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"fanlight/server/internal/auth"
	"fanlight/server/internal/node"
	"fanlight/shared/protocol"
)

// newGuardedNode returns one on which nothing is open.
func newGuardedNode(t *testing.T) *node.Node {
	t.Helper()
	return newNodeWith(t, node.Config{Auth: auth.Config{Secret: strings.Repeat("s", 32)}})
}

// granted is somebody with grants, which are JSON.
func granted(t *testing.T, grants string) node.Caller {
	t.Helper()
	who := &auth.Identity{Subject: "alice", Expires: time.Now().Add(time.Hour)}
	if err := json.Unmarshal([]byte(grants), &who.Grants); err != nil {
		t.Fatal(err)
	}
	return node.Caller{Who: who}
}

// levels publishes a message for each level, with the level as its data.
func levels(t *testing.T, n *node.Node, name string, levels ...string) {
	t.Helper()
	all := granted(t, `{"#": ["publish"]}`)
	for _, level := range levels {
		_, err := n.PublishWait(context.Background(), all, protocol.Publish{
			Channel: name, Data: fmt.Appendf(nil, "%q", level), Tags: protocol.Tags{"level": level},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestWhatAGrantDemandsCannotBeLoosened(t *testing.T) {
	t.Parallel()
	n := newGuardedNode(t)
	reader := granted(t, `{
		"c:*": {"ops": ["subscribe", "history"], "filter": "level != \"secret\""},
		"#": ["subscribe", "history", "presence"]
	}`)
	cases := 0
	for own, wants := range map[string][]string{
		``:                                   {`"info"`, `"warn"`, `"last"`},
		`true`:                               {`"info"`, `"warn"`, `"last"`},
		`level == "secret" || true`:          {`"info"`, `"warn"`, `"last"`},
		`true) || (true`:                     nil,
		`true //`:                            {`"info"`, `"warn"`, `"last"`},
		`level == "secret"`:                  {},
		`level in ["warn", "secret","last"]`: {`"warn"`, `"last"`},
	} {
		cases++
		name := fmt.Sprintf("c:%d", cases)
		levels(t, n, name, "info", "secret", "warn", "secret")
		e := make(ear, 10)
		s, err := n.Subscribe(reader, protocol.Subscribe{Channel: name, Rewind: &protocol.Rewind{Count: 10}, Filter: own}, protocol.Member{}, e)
		if wants == nil {
			if !errors.Is(err, &protocol.Error{Code: protocol.CodeFilterInvalid}) {
				t.Errorf("%s: %v", own, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(own, err)
		}
		var answer protocol.Subscribed
		if err := n.Start(context.Background(), s, func(a protocol.Subscribed) { answer = a }); err != nil {
			t.Fatal(err)
		}
		past := 0
		for _, want := range wants {
			if want != `"last"` {
				past++
			}
		}
		if !answer.Filtered || answer.Recovered != past || answer.Offset < 4 {
			t.Errorf("%s: %+v", own, answer)
		}
		levels(t, n, name, "last")
		for _, want := range wants {
			if got := e.hears(t); string(got.Data) != want {
				t.Errorf("%s: heard %s, want %s", own, got.Data, want)
			}
		}
		n.Unsubscribe(s, false)
		if len(e) > 0 {
			t.Errorf("%s: heard %s, too", own, <-e)
		}
		page, err := n.History(context.Background(), reader, name, node.Page{Limit: 9, Filter: own})
		if err != nil {
			t.Fatal(err)
		}
		var kept []string
		for _, p := range page.Publications {
			kept = append(kept, string(p.Data))
		}
		if !slices.Equal(kept, wants) {
			t.Errorf("%s: the history has %s, want %s", own, kept, wants)
		}
	}
}

func TestADemandedFilterThatIsWrongLetsNothingThrough(t *testing.T) {
	t.Parallel()
	n := newGuardedNode(t)
	reader := granted(t, `{"c": {"ops": ["subscribe", "history"], "filter": "level = \"hush\""}}`)
	_, err := n.Subscribe(reader, protocol.Subscribe{Channel: "c"}, protocol.Member{}, make(ear))
	_, herr := n.History(context.Background(), reader, "c", node.Page{Limit: 1})
	for _, err := range []error{err, herr, n.MaySubscribe(reader, &protocol.Subscribe{Channel: "c"})} {
		var e *protocol.Error
		if !errors.As(err, &e) || e.Code != protocol.CodePermission || e.At != 0 || strings.Contains(e.Message, "hush") {
			t.Errorf("%+v", err)
		}
	}
	if channels, _ := n.Count(); channels != 0 {
		t.Error("it was joined all the same")
	}
}

// A wrong filter says nothing about a channel that one may not read.
func TestPermissionIsAskedBeforeTheFilterIsRead(t *testing.T) {
	t.Parallel()
	n := newGuardedNode(t)
	reader := granted(t, `{"other": ["subscribe", "history"]}`)
	_, err := n.Subscribe(reader, protocol.Subscribe{Channel: "c", Filter: "="}, protocol.Member{}, make(ear))
	_, herr := n.History(context.Background(), reader, "c", node.Page{Limit: 1, Filter: "="})
	for _, err := range []error{err, herr} {
		if !errors.Is(err, &protocol.Error{Code: protocol.CodePermission}) {
			t.Errorf("%+v", err)
		}
	}
}

func TestOtherFiltersUnderANewTokenAreAnotherSubscription(t *testing.T) {
	t.Parallel()
	n := newGuardedNode(t)
	one := granted(t, `{"c": {"ops": ["subscribe"], "filter": "level == \"a\""}}`)
	s, err := n.Subscribe(one, protocol.Subscribe{Channel: "c"}, protocol.Member{}, make(ear))
	if err != nil {
		t.Fatal(err)
	}
	defer n.Unsubscribe(s, false)
	for grants, may := range map[string]bool{
		`{"c": {"ops": ["subscribe"], "filter": "level == \"a\""}}`:            true,
		`{"c": {"ops": ["subscribe", "publish"], "filter": "level == \"a\""}}`: true,
		`{"c": {"ops": ["subscribe"], "filter": "level == \"b\""}}`:            false,
		`{"c": ["subscribe"]}`: false,
		`{"d": {"ops": ["subscribe"], "filter": "level == \"a\""}}`: false,
	} {
		if err := n.StillMay(granted(t, grants).Who, s); (err == nil) != may {
			t.Errorf("%s: %v", grants, err)
		}
	}
}

func TestAPageAndARewindCountWhatMatches(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	for i := range 60 {
		_, err := n.PublishWait(context.Background(), node.Caller{}, protocol.Publish{
			Channel: "c", Data: fmt.Append(nil, i+1), Tags: protocol.Tags{"tenth": float64((i + 1) % 10)},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	const tenth = `tenth == 0`
	offsets := func(ps []protocol.Publication) (all []uint64) {
		for _, p := range ps {
			all = append(all, p.Offset)
		}
		return all
	}
	whole, err := n.History(context.Background(), node.Caller{}, "c", node.Page{Limit: 100})
	if err != nil || len(whole.Publications) != 60 {
		t.Fatalf("%+v, %v", whole, err)
	}
	at := func(offset uint64) *protocol.Since { return &protocol.Since{Epoch: whole.Epoch, Offset: offset} }
	for _, c := range []struct {
		page node.Page
		want string
	}{
		{node.Page{Limit: 2}, "[1 2]"},
		{node.Page{Limit: 2, Filter: tenth}, "[10 20]"},
		{node.Page{Limit: 2, Filter: tenth, Reverse: true}, "[60 50]"},
		{node.Page{Limit: 2, Filter: tenth, Since: at(30)}, "[40 50]"},
		{node.Page{Limit: 2, Filter: tenth, Since: at(30), Reverse: true}, "[20 10]"},
		{node.Page{Limit: 9, Filter: tenth, Since: at(55)}, "[60]"},
		{node.Page{Limit: 9, Filter: "tenth > 100"}, "[]"},
	} {
		got, err := n.History(context.Background(), node.Caller{}, "c", c.page)
		if err != nil || fmt.Sprint(offsets(got.Publications)) != c.want || got.Offset != 60 || got.Last != whole.Last {
			t.Errorf("%+v: %+v, %v", c.page, got, err)
		}
	}
	e := make(ear, 10)
	s, err := n.Subscribe(node.Caller{}, protocol.Subscribe{Channel: "c", Rewind: &protocol.Rewind{Count: 3}, Filter: tenth}, protocol.Member{}, e)
	if err != nil {
		t.Fatal(err)
	}
	defer n.Unsubscribe(s, false)
	if err := n.Start(context.Background(), s, func(a protocol.Subscribed) {
		if a.Recovered != 3 || !a.Filtered || a.Offset != 60 {
			t.Errorf("%+v", a)
		}
	}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []uint64{40, 50, 60} {
		if got := e.hears(t); got.Offset != want {
			t.Errorf("heard %d, want %d", got.Offset, want)
		}
	}
}
