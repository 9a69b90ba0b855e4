package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strings"
)

// config is what flags and environment say.
type config struct {
	addr         string
	redis        string
	embeddedAddr string
	prefix       string
	logLevel     slog.Level
	logFormat    string
}

// setting is a flag with its environment variable.
type setting struct {
	flag, env, usage string
	value            *string
}

// readConfig reads the flags, then the environment for flags that were not
// given. Its error was already written to out, or is flag.ErrHelp.
func readConfig(args []string, getenv func(string) string, out io.Writer) (config, error) {
	c := config{addr: "127.0.0.1:8000", embeddedAddr: "127.0.0.1:6380", logFormat: "text"}
	level := "info"
	settings := []setting{
		{"addr", "FANLIGHT_ADDR", "listen on this `host:port`; on a loopback host, pages of any local port may call", &c.addr},
		{"redis", "FANLIGHT_REDIS_URL", "use the Redis at this `URL`, redis://[user:password@]host:port/db or rediss://…; without it an embedded one is started", &c.redis},
		{"embedded-addr", "FANLIGHT_EMBEDDED_ADDR", "let the embedded Redis listen on this `host:port`; a port that is taken falls back to a free one", &c.embeddedAddr},
		{"prefix", "FANLIGHT_PREFIX", "put this `text` before every channel name in Redis", &c.prefix},
		{"log-level", "FANLIGHT_LOG_LEVEL", "log from this `level` on: debug, info, warn or error", &level},
		{"log-format", "FANLIGHT_LOG_FORMAT", "log as `text` or json, to standard error", &c.logFormat},
	}
	fs := flag.NewFlagSet("fanlight", flag.ContinueOnError)
	fs.SetOutput(out)
	for _, s := range settings {
		fs.StringVar(s.value, s.flag, *s.value, s.usage+"\nenvironment: "+s.env)
	}
	fs.Usage = func() {
		_, _ = fmt.Fprint(out, "fanlight relays Redis Pub/Sub to WebSockets and event streams, and serves a page to see it with.\n\n"+
			"usage: fanlight [flags]\n"+commandUsage()+"\nA flag wins over its environment variable.\n\n")
		fs.PrintDefaults()
	}
	if err := fs.Parse(args); err != nil {
		return config{}, err
	}
	fail := func(err error) (config, error) {
		_, _ = fmt.Fprintln(out, "fanlight:", err)
		return config{}, err
	}
	if fs.NArg() > 0 {
		return fail(fmt.Errorf("unexpected argument %q; fanlight -h tells what there is", fs.Arg(0)))
	}
	given := make(map[string]bool)
	fs.Visit(func(f *flag.Flag) { given[f.Name] = true })
	for _, s := range settings {
		if v := getenv(s.env); v != "" && !given[s.flag] {
			*s.value = v
		}
	}
	if err := c.logLevel.UnmarshalText([]byte(level)); err != nil {
		return fail(fmt.Errorf("log-level: %q is not debug, info, warn or error", level))
	}
	return c, c.check(fail)
}

func (c config) check(fail func(error) (config, error)) error {
	var err error
	switch {
	case c.logFormat != "text" && c.logFormat != "json":
		err = fmt.Errorf("log-format: %q is not text or json", c.logFormat)
	case strings.ContainsAny(c.prefix, "{}/ \r\n"):
		err = errors.New("prefix: it can't hold braces, slashes or spaces")
	default:
		if _, _, serr := net.SplitHostPort(c.addr); serr != nil {
			err = fmt.Errorf("addr: %w", serr)
		}
	}
	if err != nil {
		_, err = fail(err)
	}
	return err
}

// loopback reports whether the server listens on a loopback address alone.
func (c config) loopback() bool {
	host, _, err := net.SplitHostPort(c.addr)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}
