package e2e_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/coder/websocket"

	"fanlight/shared/protocol"
)

// What a fanlight.v1 client gets wrong is answered, and the connection lives.
func TestAMistakeIsAnsweredAndTheConnectionGoesOn(t *testing.T) {
	s := newRig(t).site()
	big := strings.Repeat("x", protocol.DefaultLimits.Message)
	for _, c := range []struct{ name, say, want string }{
		{"malformed", `{"id":2,`, `"code":"bad_frame"`},
		{"not an object", `[1,2]`, `"code":"bad_frame"`},
		{"unknown command", `{"id":2,"dance":{}}`, `{"id":2,"error":{"code":"unknown_command"`},
		{"two commands", `{"id":2,"ping":{},"subscribe":{"channel":"a"}}`, `"code":"unknown_command"`},
		{"no id", `{"ping":{}}`, `"code":"bad_request"`},
		{"wrong type", `{"id":2,"subscribe":{"channel":7}}`, `{"id":2,"error":{"code":"bad_request"`},
		{"bad channel", `{"id":2,"subscribe":{"channel":"Nope!"}}`, `{"id":2,"error":{"code":"channel_invalid"`},
		{"publish to a bad channel", `{"id":2,"publish":{"channel":"","data":1}}`, `"field":"channel"`},
		{"too large", `{"id":2,"publish":{"channel":"a","data":"` + big + `"}}`, `"code":"too_large"`},
		{"too large names the limit", `{"id":2,"publish":{"channel":"a","data":"` + big + `"}}`, `"limit":65536`},
		{"no data", `{"id":2,"publish":{"channel":"a"}}`, `"field":"data"`},
		{"not subscribed", `{"id":2,"unsubscribe":{"channel":"a"}}`, `"code":"not_subscribed"`},
		{"connected already", `{"id":2,"connect":{"version":1}}`, `"code":"already_connected"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := s.v1()
			w.say(c.say)
			w.hears(c.want)
			w.say(`{"id":3,"ping":{}}`)
			w.hears(`{"id":3,"pong":{`)
		})
	}
}

// What can't be answered, or would go on for ever, ends the connection.
func TestAViolationEndsTheConnectionWithItsCode(t *testing.T) {
	s := newRig(t).site()
	v1 := &websocket.DialOptions{Subprotocols: []string{protocol.Subprotocol}}
	for _, c := range []struct {
		name string
		way  *websocket.DialOptions
		path string
		typ  websocket.MessageType
		say  string
		code protocol.CloseCode
	}{
		{"v1: a frame too large", v1, "/ws", websocket.MessageText, strings.Repeat(" ", protocol.DefaultLimits.Frame+1), protocol.CloseTooLarge},
		{"v1: not UTF-8", v1, "/ws", websocket.MessageText, "{\"id\":1,\"connect\":{}}\xff", protocol.CloseInvalidUTF8},
		{"v1: binary", v1, "/ws", websocket.MessageBinary, "{}", protocol.CloseUnsupportedData},
		{"v1: not connected", v1, "/ws", websocket.MessageText, `{"id":1,"ping":{}}`, protocol.CloseConnectRequired},
		{"v1: another version", v1, "/ws", websocket.MessageText, `{"id":1,"connect":{"version":99}}`, protocol.CloseVersion},
		{"plain: not UTF-8", nil, "/ws", websocket.MessageText, "\xff", protocol.CloseInvalidUTF8},
		{"plain: binary", nil, "/ws", websocket.MessageBinary, "x", protocol.CloseUnsupportedData},
		{"plain: a message too large", nil, "/ws", websocket.MessageText, strings.Repeat("x", protocol.DefaultLimits.Message), protocol.CloseTooLarge},
		{"plain: a bad channel", nil, "/ws?channel=Nope!", websocket.MessageText, "x", protocol.CloseBadRequest},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := s.dial(c.path, c.way)
			// The relay may be quicker, and close while this is being written.
			_ = w.conn.Write(t.Context(), c.typ, []byte(c.say))
			w.isClosed(c.code)
		})
	}
}

func TestAnHTTPMistakeIsAProblemWithACode(t *testing.T) {
	s := newRig(t).site()
	for _, c := range []struct {
		name, method, path, body string
		status                   int
		code                     protocol.Code
		field                    string
		limit                    int
	}{
		{"not JSON", "POST", "/publish", `hello`, 400, protocol.CodeDataInvalid, "body", 0},
		{"nothing", "POST", "/publish", ``, 400, protocol.CodeBadRequest, "body", 0},
		{"no data", "POST", "/publish", `{}`, 400, protocol.CodeBadRequest, "data", 0},
		{"both", "POST", "/publish", `{"data":1,"message":2}`, 400, protocol.CodeBadRequest, "message", 0},
		{"bad channel", "POST", "/publish", `{"channel":"UP","data":1}`, 400, protocol.CodeChannelInvalid, "channel", 0},
		{"long channel", "POST", "/publish", `{"channel":"` + strings.Repeat("a", 129) + `","data":1}`, 400, protocol.CodeChannelInvalid, "channel", 128},
		{"not UTF-8", "POST", "/publish", "{\"data\":\"\xff\"}", 400, protocol.CodeInvalidUTF8, "body", 0},
		{"message too large", "POST", "/publish", `{"data":"` + strings.Repeat("x", 65536) + `"}`, 413, protocol.CodeTooLarge, "data", 65536},
		{"body too large", "POST", "/publish", strings.Repeat(" ", 131073), 413, protocol.CodeTooLarge, "body", 131072},
		{"wrong method", "GET", "/publish", ``, 405, protocol.CodeMethod, "", 0},
		{"bad channel to stream", "GET", "/sse?channel=UP", ``, 400, protocol.CodeChannelInvalid, "channel", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			req, err := http.NewRequestWithContext(t.Context(), c.method, s.url()+c.path, strings.NewReader(c.body))
			if err != nil {
				t.Fatal(err)
			}
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = resp.Body.Close() }()
			var p protocol.Problem
			if err := json.NewDecoder(resp.Body).Decode(&p); err != nil {
				t.Fatal(err)
			}
			if resp.StatusCode != c.status || p.Status != c.status || p.Code != c.code || p.Field != c.field || p.Limit != c.limit ||
				resp.Header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("%s, %+v", resp.Status, p)
			}
		})
	}
}
