package security_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coder/websocket"

	"fanlight/shared/protocol"
)

// line is a connection of some kind: what it was sent, and how it ended.
type line struct {
	*site
	heard chan string           // data, one by one
	said  chan *protocol.Error  // how it ended, once
	told  chan protocol.Message // fanlight.v1: replies
	send  func(text string)
	ids   uint64
	at    time.Time // when it ended; read after said
}

func (s *site) line() *line {
	return &line{site: s, heard: make(chan string, 1000), said: make(chan *protocol.Error, 1), told: make(chan protocol.Message, 1000)}
}

func (l *line) end(why *protocol.Error) {
	l.at = time.Now()
	l.said <- why
}

// dial opens a WebSocket and hands each text message to a function.
func (s *site) dial(path, token string, subprotocols []string, take func(l *line, text string)) *line {
	s.Helper()
	ctx, cancel := context.WithTimeout(s.Context(), patience)
	defer cancel()
	opts := &websocket.DialOptions{Subprotocols: subprotocols, HTTPHeader: http.Header{}}
	if token != "" {
		opts.HTTPHeader.Set("Authorization", "Bearer "+token)
	}
	conn, resp, err := websocket.Dial(ctx, s.url+path, opts) //nolint:bodyclose // coder/websocket: it never needs to be
	l := s.line()
	if err != nil {
		if resp == nil {
			s.Fatal(err)
		}
		l.end(s.answered(resp, nil))
		l.send = func(string) {}
		return l
	}
	conn.SetReadLimit(1 << 20)
	done := make(chan struct{})
	s.Cleanup(func() {
		_ = conn.CloseNow()
		<-done
	})
	l.send = func(text string) {
		// A write to what has ended fails; said tells why.
		_ = conn.Write(context.WithoutCancel(s.Context()), websocket.MessageText, []byte(text))
	}
	go func() {
		defer close(done)
		for {
			_, b, err := conn.Read(context.Background())
			if err != nil {
				l.end(closeError(err))
				return
			}
			take(l, string(b))
		}
	}()
	return l
}

// closeError returns what a close frame says: "code: message", behind a close
// code that goes with the code.
func closeError(err error) *protocol.Error {
	var closed websocket.CloseError
	if !errors.As(err, &closed) {
		return &protocol.Error{Code: "cut", Message: err.Error()}
	}
	code, message, _ := strings.Cut(closed.Reason, ": ")
	e := &protocol.Error{Code: protocol.Code(code), Message: message}
	if e.Close() != protocol.CloseCode(closed.Code) {
		return &protocol.Error{Code: "wrong_close", Message: closed.Error()}
	}
	return e
}

// plain opens a plain WebSocket on a channel. One of token and ticket may be
// given.
func (s *site) plain(channel, token, ticket, query string) *line {
	s.Helper()
	return s.dial("/ws?channel="+channel+query+ticketQuery(ticket), token, nil, func(l *line, text string) { l.heard <- text })
}

func ticketQuery(ticket string) string {
	if ticket == "" {
		return ""
	}
	return "&ticket=" + url.QueryEscape(ticket)
}

// v1 opens a fanlight.v1 connection and connects. The error is what connect was
// answered with.
func (s *site) v1(token string) (*line, *protocol.Error) {
	s.Helper()
	l := s.dial("/ws", "", []string{protocol.Subprotocol}, func(l *line, text string) {
		for one := range strings.SplitSeq(text, "\n") {
			var m protocol.Message
			if one == "" {
				continue
			}
			if err := json.Unmarshal([]byte(one), &m); err != nil {
				l.end(&protocol.Error{Code: "garbage", Message: one})
				return
			}
			switch {
			case m.Publication != nil:
				l.heard <- dataOf([]protocol.Publication{*m.Publication})[0]
			case m.Join != nil:
				l.heard <- "join " + m.Join.User
			case m.ID != 0:
				l.told <- m
			}
		}
	})
	answer := l.command(protocol.Command{Connect: &protocol.Connect{Version: protocol.Version, Token: token}})
	return l, answer.Error
}

// command sends a command and returns its reply, or an error for a connection
// that ended instead.
func (l *line) command(c protocol.Command) protocol.Message {
	l.Helper()
	l.ids++
	c.ID = l.ids
	l.send(string(must(json.Marshal(c))))
	for deadline := time.After(patience); ; {
		select {
		case m := <-l.told:
			if m.ID == c.ID {
				return m
			}
		case why := <-l.said:
			l.said <- why
			select {
			case m := <-l.told: // it came before the end
				if m.ID == c.ID {
					return m
				}
			default:
			}
			return protocol.Message{Error: why}
		case <-deadline:
			l.Fatalf("no reply to %+v", c)
		}
	}
}

// sse opens an event stream on a channel.
func (s *site) sse(channel, token, ticket, query, last string) (*line, *protocol.Error) {
	s.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(s.Context()))
	req := must(http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/sse?channel="+channel+query+ticketQuery(ticket), nil))
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	if last != "" {
		req.Header.Set("Last-Event-ID", last)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		cancel()
		s.Fatal(err)
	}
	l := s.line()
	done := make(chan struct{})
	s.Cleanup(func() {
		cancel()
		<-done
	})
	if resp.StatusCode != http.StatusOK {
		close(done)
		defer func() { _ = resp.Body.Close() }()
		return l, s.answered(resp, nil)
	}
	started := make(chan struct{})
	go func() {
		defer close(done)
		defer func() { _ = resp.Body.Close() }()
		l.read(resp, started)
	}()
	select {
	case <-started:
	case why := <-l.said:
		l.said <- why
	case <-time.After(patience):
		s.Error("the stream does not start")
	}
	return l, nil
}

// read reads events until the stream ends. It began with its first event that
// has an id.
func (l *line) read(resp *http.Response, started chan struct{}) {
	var event, data string
	why := &protocol.Error{Code: "cut"}
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), ": ")
		switch name {
		case "event":
			event = value
		case "data":
			data = value
		case "id":
			if started != nil {
				close(started)
				started = nil
			}
		case "":
			switch {
			case event == "error":
				code, message, _ := strings.Cut(data, ": ")
				why = &protocol.Error{Code: protocol.Code(code), Message: message}
			case data != "" && (event == "" || event == "message"):
				l.heard <- strings.Trim(data, `"`)
			}
			event, data = "", ""
		}
	}
	l.end(why)
}

// hears returns what is heard until a last one, or until the end, with why.
func (l *line) hears(last string) (data []string, why *protocol.Error) {
	l.Helper()
	for deadline := time.After(patience); ; {
		select {
		case one := <-l.heard:
			if one != knock {
				data = append(data, one)
			}
			if one == last {
				return data, nil
			}
		case why := <-l.said:
			return data, why
		case <-deadline:
			l.Fatalf("%s was not heard; heard were %q", last, data)
		}
	}
}

// ends waits for the end.
func (l *line) ends() *protocol.Error {
	l.Helper()
	select {
	case why := <-l.said:
		return why
	case <-time.After(patience):
		l.Fatal("it does not end")
		panic("unreachable")
	}
}
