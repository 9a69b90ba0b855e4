package attacks_test

import (
	"net"
	"strings"
	"testing"
)

// What pages of other sites try, on a server of one machine and on a public one.
func TestPagesOfOtherSitesAreKeptOut(t *testing.T) {
	local := start(t)
	public := start(t, "-origins", "https://app.example.com", "-jwt-secret", secret)
	const app, evil = "https://app.example.com", "https://evil.example"
	for _, c := range []struct {
		name   string
		site   *site
		host   string
		origin string
		status int // of a POST without a token
	}{
		{"a program", local, "", "", 200},
		{"the page itself", local, local.addr, "http://" + local.addr, 200},
		{"a page of this machine", local, "", "http://localhost:3000", 200},
		{"a page of another site", local, "", evil, 403},
		{"a file", local, "", "null", 403},
		{"a name that was pointed here", local, "evil.example", "", 421},
		{"a page of such a name", local, "evil.example:8000", "http://evil.example:8000", 421},
		{"the app's page", public, "app.example.com", app, 403}, // let in, and then it has no token
		{"the app's page in the clear", public, "app.example.com", "http://app.example.com", 403},
		{"a page of another port of the app's", public, "app.example.com", app + ":8443", 403},
		{"a name that begins alike", public, "app.example.com", app + ".evil.example", 403},
		{"another host", public, "evil.example", "", 421},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := *c.site
			s.T = t
			var headers []string
			if c.host != "" {
				headers = append(headers, "Host", c.host)
			}
			if c.origin != "" {
				headers = append(headers, "Origin", c.origin)
			}
			a := s.post("/publish", `{"data":1}`, headers...)
			let := strings.Contains(a.body, `"success"`) || strings.Contains(a.body, `"permission_denied"`)
			if a.status != c.status || let != (a.status == 200 || c.origin == app) {
				t.Errorf("%d %s", a.status, a.body)
			}
			if got := a.header.Get("Access-Control-Allow-Origin"); let && got != c.origin || !let && got != "" {
				t.Errorf("the page of %q may read it: %q", c.origin, got)
			}
			if a.header.Get("Access-Control-Allow-Credentials") != "" || a.header.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("headers: %v", a.header)
			}
			// A WebSocket knows no preflight: the handshake has to be refused.
			ws := s.get("/ws", append(headers, "Connection", "Upgrade", "Upgrade", "websocket", "Sec-WebSocket-Version", "12")...)
			if refused := strings.Contains(ws.body, "_refused"); refused == let {
				t.Errorf("/ws: %d %s", ws.status, ws.body)
			}
		})
	}
	if a := local.post("/publish", `{"data":1}`, "Sec-Fetch-Site", "cross-site"); a.status != 403 {
		t.Errorf("a form of another site: %d %s", a.status, a.body)
	}
	a := public.request("OPTIONS", "/publish", "", "Host", "app.example.com", "Origin", app, "Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization")
	if a.status != 204 || !strings.Contains(a.header.Get("Access-Control-Allow-Headers"), "Authorization") || a.header.Get("Access-Control-Expose-Headers") != "Retry-After" {
		t.Errorf("a preflight: %d %v", a.status, a.header)
	}
}

// A name that leads to another's address for a while, and then to ours, makes a
// page of theirs one of ours in the eyes of a browser.
func TestANameThatSomebodyPointsAtAnOpenServerIsRefused(t *testing.T) {
	s := start(t, "-addr", "0.0.0.0:0", "-open")
	_, port, _ := net.SplitHostPort(s.addr)
	s.addr = "127.0.0.1:" + port
	for _, method := range []string{"GET", "POST"} {
		a := s.request(method, "/publish", `{"data":1}`, "Host", "evil.example:"+port, "Origin", "http://evil.example:"+port)
		s.wants(a, 421, `"host_refused"`, "-origins")
	}
	for _, host := range []string{"192.168.0.7:" + port, "[2001:db8::1]:" + port, "localhost:" + port} {
		s.wants(s.post("/publish", `{"data":1}`, "Host", host, "Origin", "http://"+host), 200, `"success"`)
	}
	named := startUnready(t, "-addr", "0.0.0.0:0", "-open", "-origins", "http://intranet.example:"+port)
	_, its, _ := net.SplitHostPort(named.addr)
	named.addr = "127.0.0.1:" + its
	named.eventually("it is ready", func() bool { return named.get("/readyz").status == 200 })
	named.wants(named.post("/publish", `{"data":1}`, "Host", "intranet.example:"+port, "Origin", "http://intranet.example:"+port), 200, `"success"`)
}

// go-app would fetch these from whatever host a request names, and keep them
// for everybody.
func TestNothingIsFetchedForARequest(t *testing.T) {
	s := start(t, "-origins", "https://app.example.com", "-jwt-secret", secret)
	for _, path := range []string{"/robots.txt", "/sitemap.xml", "/ads.txt"} {
		if a := s.get(path, "Host", s.addr); a.status != 200 && a.status != 404 {
			t.Errorf("%s: %d", path, a.status)
		}
		if a := s.get(path, "Host", "127.0.0.1.evil.example"); a.status != 421 {
			t.Errorf("%s for another host: %d", path, a.status)
		}
	}
}

func TestAPageThatIsNoWebSocketIsToldSo(t *testing.T) {
	s := start(t)
	a := s.get("/ws")
	s.wants(a, 426, `"upgrade_required"`)
	if a.header.Get("Upgrade") != "websocket" || a.header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%v", a.header)
	}
}

func TestWhatIsForOperatorsIsNotForEveryone(t *testing.T) {
	s := start(t)
	for _, path := range []string{"/metrics", "/debug/pprof/", "/debug/vars"} {
		if a := s.get(path); a.status != 404 {
			t.Errorf("%s: %d", path, a.status)
		}
	}
}

func TestWhatRedisSaysIsNotToldToClients(t *testing.T) {
	t.Setenv("FANLIGHT_TEST_REDIS_URL", "")
	const nowhere = "127.0.0.1:9" // discard: nobody listens there
	s := startUnready(t, "-redis", "redis://user:hunter2@"+nowhere)
	for _, a := range []answer{
		s.post("/publish", `{"data":1}`), s.get("/history"), s.get("/presence"), s.get("/readyz"),
	} {
		s.wants(a, 503, `"unavailable"`)
		if strings.Contains(a.body, nowhere) || strings.Contains(a.body, "hunter2") || a.header.Get("Retry-After") == "" {
			t.Errorf("%v", a)
		}
	}
}
