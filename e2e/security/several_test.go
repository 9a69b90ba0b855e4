package security_test

import (
	"net/http"
	"slices"
	"testing"

	"fanlight/shared/protocol"
)

func TestEachPublicationOfABatchIsJudgedByItself(t *testing.T) {
	onEveryRedis(t, func(g *rig) {
		s := g.site(nil)
		token := jwt("alice", object{"user:{sub}:#": []string{"publish"}})
		batch := []object{
			{"channel": "user:alice", "data": "mine"}, {"channel": "user:bob", "data": "his"}, {"channel": "user:alice:x", "data": "mine too"},
		}
		var answer protocol.BatchResponse
		if why := s.ask(http.MethodPost, "/publish", token, batch, &answer); why != nil || len(answer.Results) != len(batch) {
			g.Fatalf("%+v, %v", answer, why)
		}
		for i, code := range []protocol.Code{"", protocol.CodePermission, ""} {
			if e := answer.Results[i].Error; e == nil && code != "" || e != nil && e.Code != code {
				g.Errorf("%d: %v", i, e)
			}
		}
		for channel, want := range map[string][]string{"user:alice": {"mine"}, "user:bob": nil, "user:alice:x": {"mine too"}} {
			if stored := s.stored(channel); !slices.Equal(stored, want) {
				g.Errorf("on %s there is %q", channel, stored)
			}
		}
	})
}

func TestOneChannelThatWasNotGrantedRefusesThemAll(t *testing.T) {
	onEveryRedis(t, func(g *rig) {
		s := g.site(nil)
		s.publish("room:1", "open", "info")
		s.publish("secret:1", "secret", "info")
		token := jwt("alice", object{"room:*": []string{"subscribe", "history"}})
		for _, channels := range []string{"room:1&channel=secret:1", "secret:1&channel=room:1"} {
			if _, why := s.sse(channels, token, "", "&rewind=5", ""); why == nil || why.Code != protocol.CodePermission {
				g.Errorf("SSE of %s: %v", channels, why)
			}
			// The position of another channel does not smuggle it in.
			if _, why := s.sse("room:1", token, "", "", "secret:1@x:0:"); why != nil && why.Code != protocol.CodeBadRequest {
				g.Errorf("SSE: %v", why)
			}
			heard, why := s.plain(channels, token, "", "&rewind=5").hears("secret")
			if why == nil || why.Code != protocol.CodePermission || slices.Contains(heard, "secret") {
				g.Errorf("plain WebSocket of %s: %q, %v", channels, heard, why)
			}
		}
		// In fanlight.v1 each has its own answer, and the connection goes on.
		l, why := s.v1(token)
		if why != nil {
			g.Fatal(why)
		}
		for channel, code := range map[string]protocol.Code{"room:1": "", "secret:1": protocol.CodePermission} {
			answer := l.command(protocol.Command{Subscribe: &protocol.Subscribe{Channel: channel}})
			if answer.Error == nil && code != "" || answer.Error != nil && answer.Error.Code != code {
				g.Errorf("%s: %+v", channel, answer)
			}
		}
		s.publish("secret:1", "secret", "info")
		s.publish("room:1", "last", "info")
		if heard, why := l.hears("last"); why != nil || slices.Contains(heard, "secret") {
			g.Errorf("%q, %v", heard, why)
		}
	})
}

// A grant whose filter nobody can evaluate is not one without a filter.
func TestAGrantWithAWrongFilterGrantsNoReading(t *testing.T) {
	onEveryRedis(t, func(g *rig) {
		s := g.site(nil)
		s.publish("room:1", "open", "info")
		token := jwt("alice", object{"room:*": object{"ops": []string{"subscribe", "history", "publish"}, "filter": `level ==`}})
		if _, why := s.sse("room:1", token, "", "&rewind=5", ""); why == nil || why.Code != protocol.CodePermission {
			g.Errorf("SSE: %v", why)
		}
		if heard, why := s.plain("room:1", token, "", "&rewind=5").hears("open"); why == nil || why.Code != protocol.CodePermission || len(heard) > 0 {
			g.Errorf("plain WebSocket: %q, %v", heard, why)
		}
		if why := s.ask(http.MethodGet, "/history?channel=room:1", token, nil, nil); why == nil || why.Code != protocol.CodePermission {
			g.Errorf("HTTP: %v", why)
		}
		// Its own filter does not replace it.
		if why := s.ask(http.MethodGet, "/history?channel=room:1&filter=level+%3D%3D+%22info%22", token, nil, nil); why == nil || why.Code != protocol.CodePermission {
			g.Errorf("HTTP: %v", why)
		}
		if why := s.ask(http.MethodPost, "/publish?channel=room:1&message=x", token, nil, nil); why != nil {
			g.Errorf("publishing needs no filter: %v", why)
		}
	})
}
