package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"

	"fanlight/app/pages"
	"fanlight/server/demos"
	"fanlight/server/relay"
)

// stopTimeout is how long a stop may take: closing handshakes of clients that
// answer slowly, mostly.
const stopTimeout = 8 * time.Second

func main() {
	if code, known := runCommand(os.Args[1:], os.Getenv, os.Stdin, os.Stdout, os.Stderr); known {
		os.Exit(code)
	}
	cfg, err := readConfig(os.Args[1:], os.Getenv, os.Stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return
	case err != nil:
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err = run(ctx, cfg, os.Stdout, os.Stderr)
	stop()
	if err != nil {
		_, _ = fmt.Fprintln(os.Stderr, "fanlight:", err)
		os.Exit(1)
	}
}

// run serves until the context ends, then stops in good order. It prints where
// it can be reached to out, and logs to logs.
func run(ctx context.Context, cfg config, out, logs io.Writer) error {
	log := newLogger(cfg, logs)
	redis.SetLogger(redisLog{log})
	page, err := pages.New(pages.Config{})
	if err != nil {
		return err
	}
	told := cfg.ops()
	if cfg.audit != "" {
		file, err := openAudit(cfg.audit)
		if err != nil {
			return err
		}
		defer func() { _ = file.Close() }() // what was written is with the system already
		told.AuditTo = file
	}
	// Listen first: whoever starts a second one should hear of the taken port,
	// not of the embedded Redis.
	listener, err := net.Listen("tcp", cfg.addr)
	if err != nil {
		return err
	}
	ops, err := startOps(cfg.opsAddr, log)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	defer ops.close()
	if cfg.runDemos() {
		cfg.namespaces = demos.Namespaces(cfg.namespaces, !cfg.guarded())
	}
	r, err := relay.New(relay.Config{
		RedisURL: cfg.redis, EmbeddedAddr: cfg.embeddedAddr, Prefix: cfg.prefix,
		JWTSecret: cfg.jwtSecret, JWKS: cfg.jwks, JWTIssuer: cfg.jwtIssuer, JWTAudience: cfg.jwtAudience,
		Namespaces: cfg.namespaces, Limits: cfg.limits, Loopback: cfg.loopback(), Host: cfg.host(), Origins: cfg.origins,
		Pages: page, Build: page.Build(), Ops: told, Metrics: ops.registry, Log: log,
	})
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	closeRelay := r.Close
	if cfg.runDemos() {
		stop := demos.Start(r, demos.Config{Log: log})
		closeRelay = func(ctx context.Context) error {
			stop()
			return r.Close(ctx)
		}
	}
	greet(out, listener.Addr(), r, ops.addr, cfg)

	server := r.Server()
	server.ErrorLog = slog.NewLogLogger(log.Handler(), slog.LevelDebug) // a client's fault, nearly always
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err = <-served: // not for a Shutdown, which comes below
	case <-ctx.Done():
		log.Info("stopping")
	}

	stopping, cancel := context.WithTimeout(context.Background(), stopTimeout)
	defer cancel()
	// Shutdown lets no one in, has the relay send its connections away, and
	// waits for requests that are being answered; Close waits for the rest.
	for _, end := range []func(context.Context) error{server.Shutdown, closeRelay} {
		if e := end(stopping); errors.Is(e, context.DeadlineExceeded) {
			log.Warn("some connections did not end in time and were cut")
		} else if e != nil {
			err = errors.Join(err, e)
		}
	}
	_ = server.Close()
	return err
}

// openAudit opens the audit's file. Each write goes to its end, wherever that is by
// then: whoever rotates it copies and truncates it. Who did what is nobody's
// business but the operator's.
func openAudit(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600) // #nosec G304 -- the operator named it
	if err != nil {
		return nil, fmt.Errorf("audit: %w", err)
	}
	return file, nil
}

// greet tells a person what to do next.
func greet(out io.Writer, addr net.Addr, r *relay.Relay, ops string, cfg config) {
	_, port, _ := net.SplitHostPort(addr.String())
	host := addr.String()
	if cfg.loopback() {
		host = net.JoinHostPort("127.0.0.1", port)
	}
	_, _ = fmt.Fprintf(out, "Fanlight is here. Open      http://%s\n", host)
	_, _ = fmt.Fprintf(out, "Publish with curl           curl -d '{\"message\":\"hi\"}' http://%s/publish\n", host)
	_, rport, _ := net.SplitHostPort(r.EmbeddedAddr())
	switch {
	case cfg.redis != "":
		_, _ = fmt.Fprintf(out, "or through your own Redis   redis-cli publish %srealtime_channel hi\n", cfg.prefix)
	case rport != "":
		_, _ = fmt.Fprintf(out, "or through the Redis inside redis-cli -p %s publish %srealtime_channel hi\n", rport, cfg.prefix)
	default:
		_, _ = fmt.Fprintln(out, "The Redis inside takes nobody else: through it one could do what no token grants.")
	}
	if ops != "" {
		_, _ = fmt.Fprintf(out, "Metrics and profiles        http://%s/metrics\n", ops)
		if !isLoopback(ops) {
			_, _ = fmt.Fprintln(out, "Warning: whoever reaches that address sees them, and can keep this machine busy.")
		}
	}
	switch {
	case !r.Open():
		_, _ = fmt.Fprintln(out, "Guarded: nothing is open that a token's grants or the namespaces' table do not say.")
	case cfg.loopback():
		_, _ = fmt.Fprintln(out, "Open to every program and page of this machine, and to no other.")
	default:
		_, _ = fmt.Fprintln(out, "Warning: open; everyone who can reach this address can read and publish everything.")
	}
}

func newLogger(cfg config, w io.Writer) *slog.Logger {
	opts := &slog.HandlerOptions{Level: cfg.logLevel}
	if cfg.logFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}

// redisLog takes what go-redis would print to standard error by itself. The
// broker says what matters of it in our words, so it is for debugging.
type redisLog struct{ *slog.Logger }

// Printf implements go-redis's logger.
func (l redisLog) Printf(ctx context.Context, format string, v ...any) {
	l.DebugContext(ctx, fmt.Sprintf(format, v...))
}
