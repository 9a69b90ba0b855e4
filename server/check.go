package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"time"

	"fanlight/server/internal/auth"
	"fanlight/server/internal/filter"
	"fanlight/shared/channel"
	"fanlight/shared/protocol"
)

// checkTimeout bounds how long a verdict waits for a key set and for Redis.
const checkTimeout = 10 * time.Second

// check explains a token: what it says, whether or not it is true, and then
// whether this configuration takes it. A token that isn't taken is an error.
func (i *invocation) check(text string, a authority) error {
	if text == "-" {
		b, err := io.ReadAll(io.LimitReader(i.in, 2*protocol.MaxToken))
		if err != nil {
			return err
		}
		text = strings.TrimSpace(string(b))
	}
	i.explain(text)
	verdict, err := judge(text, a)
	if err != nil {
		return err
	}
	var refused *protocol.Error
	if errors.As(verdict, &refused) {
		i.line("verdict", fmt.Sprintf("refused (%s): %s", refused.Code, refused.Message))
		return errSilent
	}
	looked := "revocations were looked at"
	if a.redis() == "" {
		looked = "whether it was revoked is not known without -redis"
	}
	i.line("verdict", "good here; "+looked)
	return nil
}

// judge returns what a server of this configuration says to a token; err is
// about the configuration.
func judge(text string, a authority) (verdict, err error) {
	cfg := auth.Config{
		Secret: a.secret(), JWKS: a.jwks(), Issuer: a.issuer(), Audience: a.audience(), Prefix: a.prefix(), Log: slog.New(slog.DiscardHandler),
	}
	if cfg.Secret == "" && cfg.JWKS == "" {
		return nil, errors.New("there is no verdict without -jwt-secret or -jwks; the server's variables will do")
	}
	if a.redis() != "" {
		client, err := dial(a.redis())
		if err != nil {
			return nil, err
		}
		defer func() { _ = client.Close() }()
		cfg.Redis = client
	}
	authority, err := auth.New(cfg)
	if err != nil {
		return nil, err
	}
	defer authority.Close()
	ctx, cancel := context.WithTimeout(context.Background(), checkTimeout)
	defer cancel()
	_, verdict = authority.Verify(ctx, text)
	return verdict, nil
}

// explain prints what a token says. All of it may be a forger's, so texts are
// quoted: a terminal must not obey them.
func (i *invocation) explain(text string) {
	parts := strings.Split(text, ".")
	if len(parts) != 3 {
		i.line("token", fmt.Sprintf("not a JWT: it has %d parts, and a JWT has 3, with dots between them", len(parts)))
		return
	}
	header, err := decode(parts[0])
	if err != nil {
		i.line("header", "unreadable: "+err.Error())
	}
	for _, name := range []string{"alg", "kid", "typ"} {
		i.claim(name, header[name])
	}
	claims, err := decode(parts[1])
	if err != nil {
		i.line("claims", "unreadable: "+err.Error())
		return
	}
	for _, name := range []string{"sub", "jti", "iss", "aud"} {
		i.claim(name, claims[name])
	}
	for _, name := range []string{"iat", "nbf", "exp"} {
		var seconds float64
		switch raw := claims[name]; {
		case raw == nil:
		case json.Unmarshal(raw, &seconds) != nil || seconds < 1 || seconds > 1e11:
			i.line(name, fmt.Sprintf("%.80q, which is no time in seconds", raw))
		default:
			at := time.UnixMicro(int64(seconds * 1e6))
			i.line(name, at.UTC().Format(time.RFC3339)+", "+distance(time.Until(at)))
		}
	}
	var sub string
	_ = json.Unmarshal(claims["sub"], &sub)
	i.grants(claims["grants"], sub)
}

// grants prints a claim of grants, each in words.
func (i *invocation) grants(raw json.RawMessage, sub string) {
	var grants channel.Grants
	if raw != nil {
		if err := json.Unmarshal(raw, &grants); err != nil {
			i.line("grants", fmt.Sprintf("unreadable: %.200q", err.Error()))
			return
		}
	}
	if len(grants) == 0 {
		i.line("grants", "none: it may do what the server's configuration lets every user do")
	}
	for _, g := range grants {
		words := fmt.Sprintf("%s: may %s", inWords(g.Pattern.String(), sub), strings.Join(g.Ops.Names(), ", "))
		if g.Filter != "" {
			words += fmt.Sprintf("; reads only what passes %q", g.Filter)
			if _, err := filter.Compile(g.Filter); err != nil {
				words += ", which is wrong: " + err.Error()
			}
		}
		i.line("grant", words)
	}
}

// inWords says which channels a pattern means for a user.
func inWords(pattern, sub string) string {
	if pattern == "#" {
		return "every channel"
	}
	words := []string{}
	for segment := range strings.SplitSeq(pattern, ":") {
		switch segment {
		case "*":
			segment = "<any>"
		case "#":
			segment = "<more, or nothing>"
		case "{sub}":
			own, err := channel.ParsePattern("{sub}")
			if err != nil || !own.Match(sub, sub) {
				return fmt.Sprintf("%s (no channel: the user %.80q is no segment of a name)", pattern, sub)
			}
			segment = sub
		}
		words = append(words, segment)
	}
	if plain := strings.Join(words, ":"); plain != pattern {
		return pattern + " (" + plain + ")"
	}
	return pattern
}

func (i *invocation) claim(name string, raw json.RawMessage) {
	var text string
	switch {
	case raw == nil:
	case json.Unmarshal(raw, &text) == nil && fmt.Sprintf("%q", text) == `"`+text+`"`:
		i.line(name, fmt.Sprintf("%.200s", text))
	default:
		i.line(name, fmt.Sprintf("%.200q", raw))
	}
}

func (i *invocation) line(name, text string) { _, _ = fmt.Fprintf(i.out, "%-8s %s\n", name, text) }

func decode(segment string) (map[string]json.RawMessage, error) {
	b, err := base64.RawURLEncoding.DecodeString(segment)
	if err != nil {
		return nil, errors.New("not base64url")
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(b, &object); err != nil {
		return nil, errors.New("not a JSON object")
	}
	return object, nil
}

// distance says how far a time is away.
func distance(d time.Duration) string {
	if d < 0 {
		return (-d).Round(time.Second).String() + " ago"
	}
	return "in " + d.Round(time.Second).String()
}
