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

	"fanlight/server/relay"
)

// config is what flags, environment and file say.
type config struct {
	addr, opsAddr string
	redis         string
	embeddedAddr  string
	prefix        string

	jwtSecret, jwks        string
	jwtIssuer, jwtAudience string
	origins                []string
	open                   bool
	demos                  string // auto, on or off

	node   string
	report string // on, metrics or off
	audit  string // a file

	limits     relay.Limits
	namespaces map[string]relay.Namespace

	logLevel  slog.Level
	logFormat string
}

// readConfig reads the flags, then the environment for what they do not say,
// then the file for what neither does. Its error was already written to out, or
// is flag.ErrHelp.
func readConfig(args []string, getenv func(string) string, out io.Writer) (config, error) {
	c := defaults()
	err := c.read(args, getenv, out)
	if err == nil {
		err = c.check()
	}
	switch {
	case errors.Is(err, errFlags):
	case err != nil && !errors.Is(err, flag.ErrHelp):
		_, _ = fmt.Fprintln(out, "fanlight:", err)
	}
	if err != nil {
		return config{}, err
	}
	return c, nil
}

func (c *config) read(args []string, getenv func(string) string, out io.Writer) error {
	var path string
	settings := c.settings(&path)
	given, err := parseFlags(settings, args, out)
	if err != nil {
		return err
	}
	fromFile := &file{}
	for _, s := range settings {
		if s.name == "config" {
			if err := s.take(given, getenv, fromFile); err != nil {
				return err
			}
		}
	}
	if path != "" {
		if fromFile, err = readFile(path, settings); err != nil {
			return err
		}
	}
	for _, s := range settings {
		if err := s.take(given, getenv, fromFile); err != nil {
			return err
		}
	}
	c.namespaces, err = fromFile.namespaces()
	return err
}

// check looks at what no value shows alone.
func (c *config) check() error {
	_, _, err := net.SplitHostPort(c.addr)
	limits := c.limits.Resolved()
	switch {
	case err != nil:
		return fmt.Errorf("addr: %w", err)
	case strings.ContainsAny(c.prefix, "{}/ \r\n"):
		return errors.New("prefix: it can't hold braces, slashes or spaces")
	case limits.Message > limits.Frame:
		return fmt.Errorf("max-message: a message of %d bytes does not fit into a frame of %d: see max-frame", limits.Message, limits.Frame)
	case c.node != "" && relay.CheckNode(c.node) != nil:
		return fmt.Errorf("node: %w", relay.CheckNode(c.node))
	case c.open && c.guarded():
		return errors.New("open: with jwt-secret or jwks nothing is open; say one or the other")
	case !c.guarded() && !c.open && !c.loopback():
		return fmt.Errorf("addr: whoever reaches %s could read and publish everything; give -jwt-secret or -jwks, or -open if that is meant", c.addr)
	case c.redis == "" && !isLoopback(c.embeddedAddr):
		return fmt.Errorf("embedded-addr: %q is not a loopback address; a Redis for other machines is one of its own, see -redis", c.embeddedAddr)
	case c.opsAddr == "off":
		return nil
	}
	if _, _, err := net.SplitHostPort(c.opsAddr); err != nil {
		return fmt.Errorf("ops-addr: %w", err)
	}
	return nil
}

// guarded reports whether tokens count.
func (c *config) guarded() bool { return c.jwtSecret != "" || c.jwks != "" }

// runDemos reports whether the demos' part of the server runs.
func (c *config) runDemos() bool { return c.demos == "on" || c.demos == "auto" && !c.guarded() }

// ops says what the relay tells of itself.
func (c *config) ops() relay.Ops {
	return relay.Ops{Node: c.node, Metrics: c.report != "off", Audit: c.report == "on"}
}

// loopback reports whether the server listens on a loopback address alone.
func (c *config) loopback() bool { return isLoopback(c.addr) }

func isLoopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return false
	}
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// host returns the one host that the server listens on, or "" for all.
func (c *config) host() string {
	host, _, _ := net.SplitHostPort(c.addr)
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsUnspecified() {
		return ""
	}
	return host
}
