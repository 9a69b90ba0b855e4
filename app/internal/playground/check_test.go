package playground

import (
	"strings"
	"testing"
	"time"

	"fanlight/shared/client"
	"fanlight/shared/protocol"
)

func TestAFilterIsLookedAtAsItIsTyped(t *testing.T) {
	c, ask := Check{}.Write("level =")
	expect(t, "asks", ask, true)
	if _, ask := c.Write("level ="); ask {
		t.Error("asks again though nothing changed")
	}
	c = c.Answer("level", 200, `{"tags":["level"]}`)
	expect(t, "an answer to what was there before", c.Tags, nil)
	c = c.Answer("level =", 200, `{"error":{"code":"filter_invalid","message":"something is missing","field":"expression","at":7}}`)
	expect(t, "problem", c.Problem, "Something is missing.")
	expect(t, "words", c.Words(), "")
	before, at, after := c.Place()
	expect(t, "place", []string{before, at, after}, []string{"level ", "=", ""})

	c, _ = c.Write(`level == "é" `)
	expect(t, "problem after a change", c.Problem, "")
	c.At = 11
	before, at, after = c.Place()
	expect(t, "place", []string{before, at, after}, []string{`level == "`, "é", `" `})
	c.At = 14 // behind the end
	before, at, after = c.Place()
	expect(t, "place", []string{before, at, after}, []string{`level == "é" `, "\u00a0", ""})
	c = c.Answer(c.Text, 200, `{"tags":["cpu","level"]}`)
	expect(t, "words", c.Words(), "Looks at cpu, level.")

	for _, status := range []int{0, 404, 429, 502} {
		expect(t, "a server that does not say", c.Answer(c.Text, status, "<html>").Problem, "")
	}
	_, ask = c.Write("  ")
	expect(t, "asks of nothing", ask, false)
	c, ask = c.Write(strings.Repeat("x", protocol.MaxFilter+1))
	expect(t, "asks of what is too long", ask, false)
	expect(t, "problem", c.Problem, "A filter has at most 512 bytes.")
}

func TestAChannelMayHaveAFilterThatChanges(t *testing.T) {
	s := steps{Desk: NewDesk()}
	s.then(s.Listen("news", "cpu > 1"))
	expect(t, "effects", s.effects, []Effect{
		Subscribe{"news", "cpu > 1"},
		Remember{[]string{protocol.DefaultChannel, "news"}, map[string]string{"news": "cpu > 1"}},
	})
	s.hear(client.Subscribed{Channel: "news", Filtered: true})
	expect(t, "channel", s.Channels[1], Channel{Name: "news", Filter: "cpu > 1", Filtered: true, State: Listening})
	s.then(s.Listen("news", "cpu > 1"))
	expect(t, "the same", s.ChannelError, "You listen to news already.")
	s.effects = nil
	s.then(s.Listen("news", " "))
	expect(t, "effects without one", s.effects, []Effect{
		Unsubscribe{"news"}, Subscribe{"news", ""}, Remember{Channels: []string{protocol.DefaultChannel, "news"}},
	})
	s.hear(client.Subscribed{Channel: "news", Filtered: true})
	expect(t, "the server's own", s.Channels[1], Channel{Name: "news", Filtered: true, State: Listening})
	s.hear(client.Refused{Channel: "news", Err: &protocol.Error{Code: protocol.CodeFilterInvalid, Message: "no such word", At: 3}})
	expect(t, "problem", s.Channels[1].Problem, "No such word. See character 3 (filter_invalid).")
}

func TestAReloadBringsTheFiltersBack(t *testing.T) {
	s := steps{Desk: NewDesk()}
	s.then(s.Adopt([]string{"a", "b"}, map[string]string{"b": "n == 1", "gone": "n == 2"}))
	expect(t, "effects", s.effects, []Effect{
		Unsubscribe{protocol.DefaultChannel},
		Subscribe{"a", ""},
		Subscribe{"b", "n == 1"},
		Remember{[]string{"a", "b"}, map[string]string{"b": "n == 1"}},
	})
}

func TestWhatOneMayNotDoIsExplainedWhereItHappens(t *testing.T) {
	s := steps{Desk: NewDesk()}
	s.hear(client.Connected{Hello: protocol.Hello{User: "reader", Expires: 1, Limits: protocol.DefaultLimits}})
	s.Desk = s.Write("hi").Label("level=warn")
	s.then(s.Submit())
	expect(t, "effects", s.effects, []Effect{Publish{1, protocol.DefaultChannel, []byte(`"hi"`), protocol.Tags{"level": "warn"}}})
	denied := &protocol.Error{Code: protocol.CodePermission, Message: "may not publish to realtime_channel", Field: "channel"}
	s.Desk = s.Sent(1, protocol.Published{}, 0, denied)
	expect(t, "problem", s.Sends[0].Problem,
		"As reader you may not publish to realtime_channel (permission_denied). Who you are is chosen at the top of the page.")

	s.hear(client.Connected{Hello: protocol.Hello{User: "ada", Limits: protocol.DefaultLimits}}) // a name without a token proves nothing
	s.then(s.Listen("secret", "n == 1"))
	s.hear(client.Refused{Channel: "secret", Err: &protocol.Error{Code: protocol.CodePermission, Message: "may not subscribe to secret"}})
	expect(t, "problem", s.Channels[1].Problem,
		"Without a token you may not subscribe to secret (permission_denied).")

	s.effects = nil
	s.then(s.AskAgain())
	expect(t, "effects", s.effects, []Effect{Subscribe{"secret", "n == 1"}})
	expect(t, "state", s.Channels[1], Channel{Name: "secret", Filter: "n == 1"})
	s.effects = nil
	s.then(s.AskAgain())
	expect(t, "once", s.effects, nil)
}

func TestTagsThatAreNoneKeepTheDraft(t *testing.T) {
	s := steps{Desk: NewDesk()}
	s.Desk = s.Write("hi").Label("warn")
	s.then(s.Submit())
	expect(t, "effects", s.effects, nil)
	expect(t, "error", s.DraftError, "A tag is written name=value, unlike “warn”.")
	expect(t, "draft", s.Draft, "hi")
}

func TestTooFastSaysWhenItIsTriedAgain(t *testing.T) {
	s := steps{Desk: NewDesk()}
	s.hear(client.Limited{Retry: 2 * time.Second})
	expect(t, "pause", s.Pause, 2*time.Second)
	s.then(s.Write("hi").Submit())
	s.Desk = s.Sent(1, protocol.Published{Channel: "a"}, 0, nil)
	expect(t, "pause when it went well", s.Pause, 0)
}
