package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"fanlight/server/internal/limit"
)

// setting is a flag, a variable and a key of the file.
type setting struct {
	name  string
	usage string
	value value
}

// env returns the variable's name.
func (s *setting) env() string {
	name := strings.ToUpper(strings.ReplaceAll(s.name, "-", "_"))
	if s.name == "redis" {
		name = "REDIS_URL"
	}
	return "FANLIGHT_" + name
}

// group is what -h shows together.
type group struct {
	title    string
	settings []*setting
}

func defaults() config {
	return config{
		addr: "127.0.0.1:8000", opsAddr: "127.0.0.1:8001", embeddedAddr: "127.0.0.1:6380",
		demos: "auto", report: "on", limits: limit.Default(), logLevel: slog.LevelInfo, logFormat: "json",
	}
}

// groups returns all settings, with their defaults in them.
func (c *config) groups(path *string) []group {
	text := func(to *string) value { return textValue{to} }
	number := func(to *int) value { return numberValue{to} }
	size := func(to *int) value { return sizeValue{to} }
	l := &c.limits
	return []group{
		{"Where it is", []*setting{
			{"addr", "listen on this `host:port`; on a loopback host, pages of any local port may call", text(&c.addr)},
			{"ops-addr", "serve metrics and profiles on this `host:port`, for operators alone; a port that is taken falls back to a free one; off for none", text(&c.opsAddr)},
			{"demos", "run the demos' part of the server, a referee and feeders of simulated prices and sensors: `on`, off, or auto, which is on where no token is asked for", oneOf{textValue{&c.demos}, []string{"auto", "on", "off"}}},
			{"config", "read this TOML `file`: its keys are the names of these flags, and [namespaces.NAME] says how channels are kept", text(path)},
		}},
		{"Redis", []*setting{
			{"redis", "use the Redis at this `URL`, redis://[user:password@]host:port/db or rediss://…; without it an embedded one is started", text(&c.redis)},
			{"embedded-addr", "let the embedded Redis listen on this `host:port`, a loopback one; a port that is taken falls back to a free one; with jwt-secret or jwks it takes nobody else", text(&c.embeddedAddr)},
			{"prefix", "put this `text` before every channel name in Redis", text(&c.prefix)},
		}},
		{"Who may", []*setting{
			{"jwt-secret", "take tokens that are signed with this `secret` of 32 bytes or more, by HS256; better given by its variable, since other users of a machine see arguments", secretValue{textValue{&c.jwtSecret}}},
			{"jwks", "take tokens that are signed with the keys of this `URL or file`", text(&c.jwks)},
			{"jwt-issuer", "take only tokens of this `issuer`", text(&c.jwtIssuer)},
			{"jwt-audience", "take only tokens for this `audience`", text(&c.jwtAudience)},
			{"origins", "let pages of these `origins` call, as https://app.example.com, with commas in between, and answer for no host but theirs; without any, for addr's own, for localhost and for addresses that are numbers", listValue{&c.origins}},
			{"trusted-proxies", "believe what these `addresses` (10.0.0.0/8, with commas in between) say in X-Forwarded-For", proxiesValue{&l.TrustedProxies}},
			{"open", "let whoever reaches an address that is not loopback read and publish everything", boolValue{&c.open}},
		}},
		{"Limits, each for this relay alone; none is no limit", []*setting{
			{"max-connections", "how many `connections` there may be, and 1000 more that hold nothing", number(&l.Connections)},
			{"max-connections-per-address", "how many `connections` one address may have, and 100 more that hold nothing", number(&l.ConnectionsPerAddress)},
			{"max-connections-per-user", "how many `connections` one token's user may have", number(&l.ConnectionsPerUser)},
			{"max-channels", "how many `channels` may be listened to", number(&l.Channels)},
			{"max-subscriptions", "how many `channels` one connection may listen to", number(&l.Subscriptions)},
			{"max-message", "how many `bytes` one message may have", size(&l.Message)},
			{"max-frame", "how many `bytes` one frame or body may have", size(&l.Frame)},
			{"max-outbox", "how many `bytes` may wait to be written to one connection", size(&l.Outbox)},
			{"max-history-page", "how many `messages` of a channel's past may be asked for by number, 1000 at the most; by age, and on coming back, there are as many as the namespace keeps", number(&l.HistoryPage)},
			{"publish-rate", "how many `messages` a second one connection may publish", number(&l.PublishRate)},
			{"publish-rate-user", "how many `messages` a second one token's user may publish", number(&l.PublishRateUser)},
			{"publish-rate-address", "how many `messages` a second one address may publish", number(&l.PublishRateAddress)},
			{"command-rate", "how many `commands` a second one connection may give", number(&l.CommandRate)},
			{"request-rate", "how many HTTP `requests` a second one token's user may make, or one address without a token; /healthz and /readyz are free", number(&l.RequestRate)},
			{"ping-rate", "how many `pings` a second one connection may send", number(&l.PingRate)},
			{"bytes-rate", "how many `bytes` a second are read from one connection, and of the bodies of one address's requests", size(&l.BytesRate)},
			{"handshake-timeout", "how `long` the head of a request may take", timeValue{&l.HandshakeTimeout}},
			{"connect-timeout", "how `long` a client may take for its first command", timeValue{&l.ConnectTimeout}},
			{"message-timeout", "how `long` one frame or body may take", timeValue{&l.MessageTimeout}},
		}},
		{"What it tells of itself, on the channels ops:metrics and ops:audit", []*setting{
			{"report", "tell each second what is counted here, and who asks for what: `on`, metrics, which is without who asks, or off", oneOf{textValue{&c.report}, []string{"on", "metrics", "off"}}},
			{"node", "be called by this `name` there, of letters, digits, dots, dashes and underscores; without it a random one", text(&c.node)},
			{"audit", "append who asks for what to this `file`, as lines of JSON, whatever -report says", text(&c.audit)},
		}},
		{"Logs, to standard error", []*setting{
			{"log-level", "log from this `level` on: debug, info, warn or error", levelValue{&c.logLevel}},
			{"log-format", "one line an event, as `text` or json", oneOf{textValue{&c.logFormat}, []string{"text", "json"}}},
		}},
	}
}

func (c *config) settings(path *string) (all []*setting) {
	for _, g := range c.groups(path) {
		all = append(all, g.settings...)
	}
	return all
}

// errFlags is an error that the flag package has written.
var errFlags = errors.New("the flags are wrong")

// parseFlags returns the flags that were given. Values are not looked at yet.
func parseFlags(settings []*setting, args []string, out io.Writer) (map[string]string, error) {
	given := make(map[string]string)
	fs := flag.NewFlagSet("fanlight", flag.ContinueOnError)
	fs.SetOutput(out)
	fs.Usage = func() { usage(out) }
	for _, s := range settings {
		take := func(text string) error { given[s.name] = text; return nil }
		if _, is := s.value.(boolValue); is {
			fs.BoolFunc(s.name, s.usage, take)
		} else {
			fs.Func(s.name, s.usage, take)
		}
	}
	switch err := fs.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("%w: %w", errFlags, err)
	case fs.NArg() > 0:
		return nil, fmt.Errorf("unexpected argument %.60q; fanlight -h tells what there is", fs.Arg(0))
	}
	return given, nil
}

// take gives the setting its value: the flag's, or else the variable's, or else
// the file's. An empty variable is none; an empty flag is empty.
func (s *setting) take(given map[string]string, getenv func(string) string, f *file) error {
	text, found := given[s.name]
	place := "flag -" + s.name
	if !found {
		text, place = getenv(s.env()), "variable "+s.env()
		found = text != ""
	}
	if !found {
		text, place, found = f.value(s.name)
	}
	if !found {
		return nil
	}
	if err := s.value.Set(text); err != nil {
		return fmt.Errorf("%s: %w (%s)", s.name, err, place)
	}
	return nil
}

// usage is what -h says.
func usage(out io.Writer) {
	var b strings.Builder
	b.WriteString("fanlight relays Redis Pub/Sub to WebSockets and event streams, and serves a page to see it with.\n\n" +
		"usage: fanlight [flags]\n" + commandUsage() +
		"\nA flag wins over its variable, in brackets here, and that over the file.\n")
	c := defaults()
	for _, g := range c.groups(new(string)) {
		b.WriteString("\n" + g.title + "\n")
		for _, s := range g.settings {
			argument, text := flag.UnquoteUsage(&flag.Flag{Name: s.name, Usage: s.usage})
			if _, is := s.value.(boolValue); is {
				argument = ""
			}
			b.WriteString(strings.TrimRight("  -"+s.name+" "+argument, " ") + "\n      " + text)
			if d := s.value.String(); d != "" {
				b.WriteString(" (default " + d + ")")
			}
			b.WriteString(" [" + s.env() + "]\n")
		}
	}
	_, _ = io.WriteString(out, b.String())
}
