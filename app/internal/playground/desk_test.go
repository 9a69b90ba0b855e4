package playground

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"fanlight/shared/client"
	"fanlight/shared/protocol"
)

// steps drives a desk as the page does, and gathers what it asks for.
type steps struct {
	Desk
	effects []Effect
}

func (s *steps) then(d Desk, effects []Effect) {
	s.Desk, s.effects = d, append(s.effects, effects...)
}

func (s *steps) hear(events ...client.Event) {
	for _, ev := range events {
		s.Desk, _ = s.Apply(ev)
	}
}

func expect[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got %#v, want %#v", what, got, want)
	}
}

func TestADeskBeginsWithTheDefaultChannel(t *testing.T) {
	d := NewDesk()
	expect(t, "channels", d.Channels, []Channel{{Name: protocol.DefaultChannel}})
	expect(t, "target", d.Target, protocol.DefaultChannel)
	expect(t, "idle", d.Idle(), true)
}

func TestListeningToAChannelAsksForItAndAimsAtIt(t *testing.T) {
	s := steps{Desk: NewDesk()}
	s.then(s.Listen(" news ", ""))
	expect(t, "channels", s.Names(), []string{protocol.DefaultChannel, "news"})
	expect(t, "target", s.Target, "news")
	expect(t, "effects", s.effects, []Effect{Subscribe{"news", ""}, Remember{Channels: []string{protocol.DefaultChannel, "news"}}})

	s.hear(client.Subscribed{Channel: "news"})
	expect(t, "state", s.Channels[1].State, Listening)
	s.hear(client.Disconnected{Err: errors.New("gone")})
	expect(t, "state while away", s.Channels[1].State, Asking)
	expect(t, "away", s.Away, true)
	s.hear(client.Connected{})
	expect(t, "away", s.Away, false)
	s.hear(client.Subscribed{Channel: "news"})
	expect(t, "state when back", s.Channels[1].State, Listening)
}

func TestANameOutsideTheGrammarIsRefusedWhereItWasTyped(t *testing.T) {
	for name, want := range map[string]string{
		"":          "can't be empty",
		"-a":        "begins with",
		"Orders EU": "“orders_eu” would do",
		"a/b":       "character 2",
	} {
		s := steps{Desk: NewDesk()}
		s.then(s.Listen(name, ""))
		if !strings.Contains(s.ChannelError, want) {
			t.Errorf("%q: the error is %q, and does not say %q", name, s.ChannelError, want)
		}
		expect(t, "effects", s.effects, nil)
		expect(t, "channels", len(s.Channels), 1)
	}
}

func TestAChannelIsListenedToOnce(t *testing.T) {
	s := steps{Desk: NewDesk()}
	s.then(s.Listen(protocol.DefaultChannel, ""))
	expect(t, "error", s.ChannelError, "You listen to realtime_channel already.")
	expect(t, "effects", s.effects, nil)
}

func TestARefusedChannelSaysWhyAndCanBeAskedForAgain(t *testing.T) {
	s := steps{Desk: NewDesk()}
	s.then(s.Listen("secret", ""))
	s.hear(client.Refused{Channel: "secret", Err: &protocol.Error{Code: "denied", Message: "not for you"}})
	expect(t, "channel", s.Channels[1], Channel{Name: "secret", State: Refused, Problem: "Not for you. (denied)"})
	s.effects = nil
	s.then(s.Listen("secret", ""))
	expect(t, "effects", s.effects, []Effect{
		Subscribe{"secret", ""}, Remember{Channels: []string{protocol.DefaultChannel, "secret"}},
	})
	expect(t, "state", s.Channels[1].State, Asking)
}

func TestTheServersLimitOfSubscriptionsIsKept(t *testing.T) {
	s := steps{Desk: NewDesk()}
	s.hear(client.Connected{Hello: protocol.Hello{Limits: protocol.Limits{Subscriptions: 2, Message: 10}}})
	s.then(s.Listen("a", ""))
	s.effects = nil
	s.then(s.Listen("b", ""))
	expect(t, "effects", s.effects, nil)
	expect(t, "error", s.ChannelError, "One connection listens to 2 channels at the most; leave one first.")
}

func TestLeavingAChannelMovesTheTarget(t *testing.T) {
	s := steps{Desk: NewDesk()}
	s.then(s.Listen("news", ""))
	s.effects = nil
	s.then(s.Leave("news"))
	expect(t, "effects", s.effects, []Effect{Unsubscribe{"news"}, Remember{Channels: []string{protocol.DefaultChannel}}})
	expect(t, "target", s.Target, protocol.DefaultChannel)
	s.then(s.Leave(protocol.DefaultChannel))
	expect(t, "channels", s.Names(), []string{})
	expect(t, "target without any channel", s.Target, protocol.DefaultChannel)
	// A late answer to a channel that was left changes nothing.
	s.hear(client.Subscribed{Channel: "news"})
	expect(t, "channels", s.Names(), []string{})
}

func TestAnAddressDecidesOverTheChannels(t *testing.T) {
	s := steps{Desk: NewDesk()}
	s.then(s.Listen("kept", ""))
	s.hear(client.Subscribed{Channel: "kept"})
	s.effects = nil
	s.then(s.Adopt([]string{"kept", "new", "Not One", "new"}, nil))
	expect(t, "channels", s.Names(), []string{"kept", "new"})
	expect(t, "state of the one that stayed", s.Channels[0].State, Listening)
	expect(t, "effects", s.effects, []Effect{
		Unsubscribe{protocol.DefaultChannel}, Subscribe{"new", ""}, Remember{Channels: []string{"kept", "new"}},
	})
	if !strings.Contains(s.ChannelError, "not_one") {
		t.Errorf("the bad name is not mentioned: %q", s.ChannelError)
	}
}

func TestADraftIsSentAndMakesRoomForTheNext(t *testing.T) {
	s := steps{Desk: NewDesk().Write(`{"n": 1}`)}
	s.then(s.Submit())
	expect(t, "draft", s.Draft, "")
	expect(t, "idle with a message on its way", s.Idle(), false)
	p := s.effects[0].(Publish)
	expect(t, "published", string(p.Data), `{"n": 1}`)

	s.Desk = s.Sent(p.ID, protocol.Published{Channel: p.Channel, Position: protocol.Position{Offset: 7}}, 3*time.Millisecond, nil)
	expect(t, "sends", len(s.Sends), 0)
	expect(t, "receipt", s.Receipt.Words(), "Taken as #7 of realtime_channel, answered in 3.0 ms.")
	expect(t, "idle", s.Idle(), true)
}

func TestAFailedMessageIsKeptUntilItIsSentAgainOrDiscarded(t *testing.T) {
	for _, c := range []struct {
		err  error
		want string
	}{
		{fmt.Errorf("publish: %w", context.DeadlineExceeded), "No answer came in time. It may have arrived: look before you send it again."},
		{client.ErrQueueFull, "Too many messages wait for the connection already."},
		{client.ErrClosed, "The connection was closed before the answer came."},
		{&protocol.Error{Code: protocol.CodeTooLarge, Message: "the data has 70000 bytes"}, "The data has 70000 bytes. (too_large)"},
	} {
		s := steps{Desk: NewDesk().Write("hello")}
		s.then(s.Submit())
		p := s.effects[0].(Publish)
		s.Desk = s.Sent(p.ID, protocol.Published{}, 0, c.err)
		expect(t, "problem", s.Sends[0].Problem, c.want)
		expect(t, "kept draft", s.Sends[0].Draft, "hello")

		s.effects = nil
		s.then(s.Resend(p.ID))
		expect(t, "sent again", s.effects, []Effect{p})
		s.then(s.Resend(p.ID))
		expect(t, "sent again only once", len(s.effects), 1)
		s.Desk = s.Discard(p.ID)
		expect(t, "discarded while on its way", len(s.Sends), 1)
		s.Desk = s.Sent(p.ID, protocol.Published{}, 0, c.err).Discard(p.ID)
		expect(t, "discarded", len(s.Sends), 0)
	}
}

func TestAtMostSoManyMessagesWait(t *testing.T) {
	s := steps{Desk: NewDesk()}
	for range maxSends {
		s.then(s.Write("x").Submit())
	}
	s.then(s.Write("one more").Submit())
	expect(t, "sends", len(s.Sends), maxSends)
	expect(t, "draft", s.Draft, "one more")
	expect(t, "error", s.DraftError, "20 messages are still waiting; send or discard them first.")
}

func TestWhatADraftMeans(t *testing.T) {
	for _, c := range []struct {
		draft, data, hint string
		format            Format
		problem           string
	}{
		{draft: "hello", data: `"hello"`, hint: "Goes as text."},
		{draft: "\nhello\n", data: `"hello"`, hint: "Goes as text."},
		{draft: "<b>&", data: `"<b>&"`, hint: "Goes as text."},
		{draft: "42", data: "42", hint: "Goes as JSON: a number."},
		{draft: "42", data: `"42"`, hint: "Goes as text.", format: Text},
		{draft: " [1,\n2] ", data: "[1,2]", hint: "Goes as JSON: an array."},
		{draft: "null", data: "null", hint: "Goes as JSON: null."},
		{draft: `{"a":`, data: `"{\"a\":"`, hint: "Goes as text. It looks like JSON, but unexpected end of JSON input (byte 5)."},
		{draft: "hello", hint: "Not JSON yet.", format: JSON, problem: "This is not JSON: invalid character 'h' looking for beginning of value (byte 1)."},
		{draft: " \n", hint: "Text or JSON. What parses as JSON is sent as JSON.", problem: "There is nothing to send yet: write something."},
		{draft: strings.Repeat("x", 99), hint: "Goes as text.", problem: "This is too large: 101 bytes, and the server takes 100."},
	} {
		r := Read(c.draft, c.format, 100)
		expect(t, c.draft+": data", string(r.Data), c.data)
		expect(t, c.draft+": hint", r.Hint, c.hint)
		expect(t, c.draft+": problem", r.Problem, c.problem)
	}
}

func TestADraftThatCantBeSentStaysWithItsReason(t *testing.T) {
	s := steps{Desk: NewDesk().As(JSON).Write("{")}
	s.then(s.Submit())
	expect(t, "draft", s.Draft, "{")
	if !strings.Contains(s.DraftError, "This is not JSON") {
		t.Errorf("the error is %q", s.DraftError)
	}
	s.Desk = s.Write("{}")
	expect(t, "error after a change", s.DraftError, "")
}

func TestCurlSurvivesAShell(t *testing.T) {
	got := Curl("http://h:1", "a", []byte(`"it's $HOME \\ \"x\""`), nil)
	want := `curl http://h:1/publish -H 'Content-Type: application/json' -d '{"channel":"a","data":"it'\''s $HOME \\ \"x\""}'`
	expect(t, "command", got, want)
}

func TestChannelsHaveColoursOfTheirOwnWhileThereAreSome(t *testing.T) {
	p := palette{}
	var classes []string
	for i := range hues {
		class := p.class(fmt.Sprint("channel", i))
		if slices.Contains(classes, class) {
			t.Errorf("channel %d has the colour of another", i)
		}
		classes = append(classes, class)
	}
	expect(t, "the same again", p.class("channel3"), classes[3])
	_ = p.class("one too many")
}
