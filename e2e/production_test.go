package e2e_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"fanlight/e2e/port"
	"fanlight/shared/protocol"
)

// The README's "Going to production", done as it is printed, but for the ports
// and for a certificate of our own: its Redis, its configuration, its secret,
// its nginx and its token.
func TestTheProductionSectionWorksAsPrinted(t *testing.T) {
	needs(t, forProduction)
	p := newProduction(t)
	redis, fanlight, mint, revoke := p.commands[0], p.commands[1], p.commands[2], p.commands[3]

	p.run(redis)
	p.run(fanlight)
	p.run("exec nginx -p . -c nginx.conf")
	eventually(t, "it is ready behind nginx", func() bool {
		r, err := p.client.Get(p.url + "/readyz")
		if err != nil {
			return false
		}
		_ = r.Body.Close()
		return r.StatusCode == http.StatusOK
	})

	token := strings.TrimSpace(p.output(mint))
	if status, body := p.publish("", "chat:go"); status != http.StatusForbidden {
		t.Errorf("without a token: %d %s", status, body)
	}
	ws := p.connect(token, "chat:go")
	p.reads(ws, `"subscribed":{"channel":"chat:go"`)
	if status, body := p.publish(token, "chat:go"); status != http.StatusOK {
		t.Errorf("with a token: %d %s", status, body)
	}
	p.reads(ws, `"publication":{"channel":"chat:go"`)
	if status, body := p.publish(token, "news:today"); status != http.StatusForbidden {
		t.Errorf("without a grant to publish: %d %s", status, body)
	}
	p.reads(p.connect("", "news:today"), `"subscribed":{"channel":"news:today"`) // anonymous may
	p.reads(p.connect("", "chat:go"), `"code":"permission_denied"`)

	_, answer := p.post("/ticket", token, "")
	var ticket protocol.TicketResponse
	if err := json.Unmarshal([]byte(answer), &ticket); err != nil {
		t.Fatalf("%s: %v", answer, err)
	}
	plain := p.dial("/ws?channel=chat:go&rewind=1&ticket="+ticket.Ticket, "")
	p.reads(plain, "hi")

	p.output(revoke)
	for _, alices := range []*websocket.Conn{ws, plain} {
		if code := p.ends(alices); code != websocket.StatusCode(protocol.CloseRevoked) {
			t.Errorf("alice's connection ends with %d", code)
		}
	}
	if status, body := p.publish(token, "chat:go"); status != http.StatusUnauthorized {
		t.Errorf("with a token that was revoked: %d %s", status, body)
	}

	if r, err := p.client.Get(p.url + "/metrics"); err != nil {
		t.Error(err)
	} else if _ = r.Body.Close(); r.StatusCode != http.StatusNotFound {
		t.Errorf("/metrics answers %d to everyone", r.StatusCode)
	}
}

// production is a directory with the section's files, and its commands.
type production struct {
	t        *testing.T
	dir      string
	env      []string
	commands []string
	url      string
	client   *http.Client
}

func newProduction(t *testing.T) *production {
	t.Helper()
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(readme), "\n## Going to production\n")
	section, _, _ = strings.Cut(section, "\n## ")

	free := func() string {
		p, err := port.Free()
		if err != nil {
			t.Fatal(err)
		}
		return strconv.Itoa(p)
	}
	web := free()
	section = strings.NewReplacer(
		"6390", free(), "127.0.0.1:8000", "127.0.0.1:"+free(), "listen 443", "listen 127.0.0.1:"+web,
		"https://chat.example\"", "https://chat.example:"+web+"\"", "CHANGE-ME", "changed",
		"bin/fanlight", "./fanlight",
	).Replace(section)

	p := &production{t: t, dir: t.TempDir(), url: "https://chat.example:" + web}
	program, err := program()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(program, filepath.Join(p.dir, "fanlight")); err != nil {
		t.Fatal(err)
	}
	blocks := map[string][]string{}
	for _, b := range regexp.MustCompile("(?s)```([a-z]+)\n(.*?)```").FindAllStringSubmatch(section, -1) {
		blocks[b[1]] = append(blocks[b[1]], b[2])
	}
	if len(blocks["acl"]) != 1 || len(blocks["toml"]) != 1 || len(blocks["nginx"]) != 1 || len(blocks["production"]) != 4 {
		t.Fatalf("the section has other blocks: %v", blocks)
	}
	p.commands = blocks["production"]
	p.write("users.acl", blocks["acl"][0])
	p.write("fanlight.toml", "ops-addr = \"127.0.0.1:0\"\n"+blocks["toml"][0])
	p.write("nginx.conf", "daemon off; pid nginx.pid; error_log stderr crit; events {}\n"+
		"http { access_log off; client_body_temp_path a; proxy_temp_path b; fastcgi_temp_path c; uwsgi_temp_path d; scgi_temp_path e;\n"+
		blocks["nginx"][0]+"}\n")
	pool := p.certificate()
	p.env = append(os.Environ(), "SSL_CERT_FILE="+filepath.Join(p.dir, "cert.pem"))
	// Names lead to this machine, as a resolver would have them.
	dialer := &net.Dialer{}
	p.client = &http.Client{Transport: &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, network, "127.0.0.1:"+web)
		},
	}}
	t.Cleanup(p.client.CloseIdleConnections)
	return p
}

func (p *production) write(name, text string) {
	p.t.Helper()
	if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
}

// certificate writes cert.pem and key.pem, for Redis and for the site.
func (p *production) certificate() *x509.CertPool {
	p.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		p.t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "a test"}, IsCA: true, BasicConstraintsValid: true,
		DNSNames: []string{"localhost", "chat.example"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		p.t.Fatal(err)
	}
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		p.t.Fatal(err)
	}
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	p.write("cert.pem", string(cert))
	p.write("key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret})))
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(cert)
	return pool
}

// run starts what serves, until the test ends. What it exports is there for
// what comes after it.
func (p *production) run(commands string) {
	p.t.Helper()
	cmd := exec.Command("sh", "-c", p.exported(commands))
	cmd.Dir, cmd.Env, cmd.Stdout, cmd.Stderr = p.dir, p.env, p.t.Output(), p.t.Output()
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		_ = cmd.Wait()
	})
}

// exported evaluates the export lines of a block now, and returns the others,
// the last one as what the shell becomes.
func (p *production) exported(commands string) string {
	p.t.Helper()
	var rest []string
	for line := range strings.Lines(strings.TrimSpace(commands)) {
		line = strings.TrimSpace(line)
		name, value, isExport := strings.Cut(strings.TrimPrefix(line, "export "), "=")
		if !isExport || !strings.HasPrefix(line, "export ") {
			rest = append(rest, line)
			continue
		}
		p.env = append(p.env, name+"="+strings.TrimSpace(p.output("echo "+value)))
	}
	last := len(rest) - 1
	rest[last] = "exec " + strings.TrimPrefix(rest[last], "exec ")
	return strings.Join(rest, "\n")
}

func (p *production) output(command string) string {
	p.t.Helper()
	cmd := exec.Command("sh", "-c", command)
	cmd.Dir, cmd.Env, cmd.Stderr = p.dir, p.env, p.t.Output()
	out, err := cmd.Output()
	if err != nil {
		p.t.Fatalf("%s: %v", command, err)
	}
	return string(out)
}

func (p *production) publish(token, channel string) (status int, body string) {
	p.t.Helper()
	return p.post("/publish", token, `{"channel":"`+channel+`","data":"hi"}`)
}

func (p *production) post(path, token, content string) (status int, body string) {
	p.t.Helper()
	r, err := http.NewRequestWithContext(p.t.Context(), http.MethodPost, p.url+path, strings.NewReader(content))
	if err != nil {
		p.t.Fatal(err)
	}
	r.Header.Set("Origin", p.url)
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	answer, err := p.client.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	b, _ := io.ReadAll(answer.Body)
	return answer.StatusCode, string(b)
}

// connect opens a fanlight.v1 connection, as the site's own page would, and
// asks for a channel.
func (p *production) connect(token, channel string) *websocket.Conn {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	ws := p.dial("/ws", protocol.Subprotocol)
	frame := fmt.Sprintf(`{"id":1,"connect":{"version":1,"token":%q}}`+"\n"+`{"id":2,"subscribe":{"channel":%q}}`, token, channel)
	if err := ws.Write(ctx, websocket.MessageText, []byte(frame)); err != nil {
		p.t.Fatal(err)
	}
	return ws
}

// dial opens a WebSocket from a page of the site's own.
func (p *production) dial(path, subprotocol string) *websocket.Conn {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	options := &websocket.DialOptions{HTTPClient: p.client, HTTPHeader: http.Header{"Origin": {p.url}}}
	if subprotocol != "" {
		options.Subprotocols = []string{subprotocol}
	}
	ws, _, err := websocket.Dial(ctx, "wss"+strings.TrimPrefix(p.url, "https")+path, options) //nolint:bodyclose // coder/websocket: it never needs to be
	if err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() { _ = ws.CloseNow() })
	return ws
}

// ends reads to the end, and returns the code that a connection was closed with.
func (p *production) ends(ws *websocket.Conn) websocket.StatusCode {
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	for {
		if _, _, err := ws.Read(ctx); err != nil {
			return websocket.CloseStatus(err)
		}
	}
}

// reads waits for a frame that holds a text.
func (p *production) reads(ws *websocket.Conn, text string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.t.Context(), patience)
	defer cancel()
	for {
		_, frame, err := ws.Read(ctx)
		if err != nil {
			p.t.Fatalf("%s never came: %v", text, err)
		}
		if bytes.Contains(frame, []byte(text)) {
			return
		}
	}
}
