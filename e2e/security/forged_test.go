package security_test

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fanlight/server/relay"
	"fanlight/shared/protocol"
)

// Every way in asks the same authority; what it makes of forged tokens is
// tested there at length. Here is that none of them goes past it.
func TestNoWayInTakesAForgedToken(t *testing.T) {
	onEveryRedis(t, func(g *rig) {
		key := must(rsa.GenerateKey(rand.Reader, 2048))
		file := filepath.Join(g.TempDir(), "jwks.json")
		modulus := segment(key.N.Bytes())
		set := object{"keys": []object{{"kty": "RSA", "kid": "1", "n": modulus, "e": segment(big.NewInt(int64(key.E)).Bytes())}}}
		if err := os.WriteFile(file, must(json.Marshal(set)), 0o600); err != nil {
			g.Fatal(err)
		}
		s := g.site(func(cfg *relay.Config) { cfg.JWKS, cfg.JWTIssuer, cfg.JWTAudience = file, "me", "fanlight" })
		now := time.Now().Unix()
		claims := object{"sub": "root", "iss": "me", "aud": "fanlight", "iat": now, "exp": now + 600, "grants": everything}
		with := func(name string, value any) object {
			other := object{name: value}
			for n, v := range claims {
				if n != name {
					other[n] = v
				}
			}
			return other
		}
		hs := object{"alg": "HS256"}
		if why := s.ask(http.MethodGet, "/history?channel=room:1", signed(hs, claims, secret), nil, nil); why != nil {
			g.Fatal(why)
		}
		unsigned, _, _ := strings.Cut(signed(object{"alg": "none"}, claims, ""), ".")
		for name, token := range map[string]string{
			"alg none":          signed(object{"alg": "none"}, claims, ""),
			"no signature":      unsigned + "." + segment(must(json.Marshal(claims))) + ".",
			"HS by the RSA key": signed(object{"alg": "HS256", "kid": "1"}, claims, string(key.N.Bytes())),
			"HS by its JWK":     signed(object{"alg": "HS256", "kid": "1"}, claims, modulus),
			"RS by the secret":  signed(object{"alg": "RS256", "kid": "1"}, claims, secret),
			"wrong secret":      signed(hs, claims, secret+"!"),
			"garbage kid":       signed(object{"alg": "RS256", "kid": "../../\u0000"}, claims, secret),
			"kid of a number":   signed(object{"alg": "RS256", "kid": 1}, claims, secret),
			"another issuer":    signed(hs, with("iss", "you"), secret),
			"another audience":  signed(hs, with("aud", "others"), secret),
			"not yet":           signed(hs, with("nbf", now+60), secret),
			"exp of a text":     signed(hs, with("exp", "9999999999"), secret),
			"exp far away":      signed(hs, with("exp", now+40*24*3600), secret),
			"sub of a list":     signed(hs, with("sub", []string{"root"}), secret),
			"grants of a list":  signed(hs, with("grants", []string{"#"}), secret),
			"too large":         signed(hs, with("x", strings.Repeat("x", protocol.MaxToken)), secret),
			"garbage":           "garbage",
			"many dots":         strings.Repeat(".", 100),
		} {
			l, why := s.v1(token)
			if why == nil || why.Code != protocol.CodeUnauthorized {
				g.Errorf("%s, fanlight.v1: %v", name, why)
			}
			if end := l.ends(); end.Code != protocol.CodeUnauthorized {
				g.Errorf("%s, fanlight.v1 ended with %v", name, end)
			}
			if why := s.plain("room:1", token, "", "").ends(); why.Code != protocol.CodeUnauthorized {
				g.Errorf("%s, plain WebSocket: %v", name, why)
			}
			if _, why := s.sse("room:1", token, "", "", ""); why == nil || why.Code != protocol.CodeUnauthorized {
				g.Errorf("%s, SSE: %v", name, why)
			}
			for _, request := range [][2]string{{http.MethodPost, "/publish?channel=room:1&message=x"}, {http.MethodGet, "/history?channel=room:1"}, {http.MethodGet, "/presence?channel=room:1"}, {http.MethodPost, "/ticket"}} {
				if why := s.ask(request[0], request[1], token, nil, nil); why == nil || why.Code != protocol.CodeUnauthorized || strings.Contains(why.Message, secret) {
					g.Errorf("%s, %s: %v", name, request[1], why)
				}
			}
		}
		if stored := s.historyBy("room:1", signed(hs, claims, secret)); len(stored) > 0 {
			g.Errorf("there is %q", stored)
		}
	})
}

func (s *site) historyBy(channel, token string) []string {
	s.Helper()
	var page protocol.HistoryResponse
	if why := s.ask(http.MethodGet, "/history?channel="+channel, token, nil, &page); why != nil {
		s.Fatal(why)
	}
	return dataOf(page.Publications)
}

func TestATokenInAURLIsNotLookedAtAndATicketWorksOnce(t *testing.T) {
	onEveryRedis(t, func(g *rig) {
		s := g.site(nil)
		token := jwt("alice", everything)
		for _, query := range []string{"&token=", "&access_token=", "&jwt=", "&authorization="} {
			if why := s.plain("room:1", "", "", query+token).ends(); why.Code != protocol.CodePermission {
				g.Errorf("%s: %v", query, why)
			}
			if _, why := s.sse("room:1", "", "", query+token, ""); why == nil || why.Code != protocol.CodePermission {
				g.Errorf("%s: %v", query, why)
			}
		}
		if why := s.plain("room:1", "", token, "").ends(); why.Code != protocol.CodeTicket {
			g.Errorf("as a ticket: %v", why)
		}
		var ticket protocol.TicketResponse
		if why := s.ask(http.MethodPost, "/ticket", token, nil, &ticket); why != nil {
			g.Fatal(why)
		}
		if why := s.ask(http.MethodPost, "/ticket?ticket="+ticket.Ticket, "", nil, nil); why == nil || why.Code != protocol.CodeUnauthorized {
			g.Errorf("a ticket buys another one: %v", why)
		}
		if _, why := s.sse("room:1", "", ticket.Ticket, "", ""); why != nil {
			g.Errorf("it is refused: %v", why)
		}
		if _, why := s.sse("room:1", "", ticket.Ticket, "", ""); why == nil || why.Code != protocol.CodeTicket {
			g.Errorf("it works twice: %v", why)
		}
		if why := s.plain("room:1", "", ticket.Ticket, "").ends(); why.Code != protocol.CodeTicket {
			g.Errorf("it works twice: %v", why)
		}
	})
}

func TestAnOpenRelayLendsIdentitiesWhoseRefusalsAreReal(t *testing.T) {
	onEveryRedis(t, func(g *rig) {
		s := g.site(func(cfg *relay.Config) { cfg.JWTSecret = "" })
		publish := func(token string) *protocol.Error {
			return s.ask(http.MethodPost, "/publish", token, object{"channel": "room:1", "data": "x"}, nil)
		}
		if why := publish(""); why != nil || !s.relay.Open() {
			g.Errorf("it is not open: %v", why)
		}
		var all []protocol.Identity
		if why := s.ask(http.MethodGet, "/identities", "", nil, &all); why != nil || len(all) == 0 {
			g.Fatalf("%v, %v", all, why)
		}
		for _, one := range all {
			var lent protocol.TokenResponse
			if why := s.ask(http.MethodPost, "/identities?name="+one.Name, "", nil, &lent); why != nil {
				g.Fatal(why)
			}
			if _, why := s.v1(lent.Token); why != nil {
				g.Errorf("%s: %v", one.Name, why)
			}
			want := protocol.CodePermission
			if one.Name == "writer" {
				want = ""
			}
			if why := publish(lent.Token); why == nil && want != "" || why != nil && why.Code != want {
				g.Errorf("%s: %v", one.Name, why)
			}
		}
		if why := publish(jwt("root", everything)); why == nil || why.Code != protocol.CodeUnauthorized {
			g.Errorf("a stranger's token: %v", why)
		}

		guarded := g.site(nil)
		if why := guarded.ask(http.MethodGet, "/identities", "", nil, &all); why != nil || len(all) > 0 || guarded.relay.Open() {
			g.Errorf("a guarded relay lends %v, %v", all, why)
		}
		if why := guarded.ask(http.MethodPost, "/identities?name=writer", "", nil, nil); why == nil || why.Code != protocol.CodeNotFound {
			g.Errorf("a guarded relay lends: %v", why)
		}
	})
}
