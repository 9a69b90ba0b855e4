package ui

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/url"
	"strings"
	"time"

	"fanlight/shared/client"
	"fanlight/shared/protocol"
)

// Who says who the tab is for the server, and who it may become.
type Who struct {
	// Choice is what somebody chose.
	Choice Choice
	// Offers are the identities that the server has for trying.
	Offers []protocol.Identity
	// Problem is why the choice did not become true, or will not stay so.
	Problem string

	known   bool // the server has said hello
	open    bool
	user    string
	expires time.Time // zero without a token
}

// Choice is who somebody wants to be: one of the identities that the server
// offers, the holder of a token, or, as the zero value, nobody.
type Choice struct{ Name, Token string }

// String returns the choice as it is kept for the tab: see [ParseChoice].
func (c Choice) String() string {
	switch {
	case c.Name != "":
		return "name:" + c.Name
	case c.Token != "":
		return "token:" + c.Token
	default:
		return ""
	}
}

// ParseChoice reads what [Choice.String] wrote, and takes nobody for the rest.
func ParseChoice(text string) Choice {
	kind, value, _ := strings.Cut(text, ":")
	switch kind {
	case "name":
		return Choice{Name: value}
	case "token":
		return Choice{Token: value}
	default:
		return Choice{}
	}
}

// sourceError is why a choice has no token, in words for the page.
type sourceError string

func (e sourceError) Error() string { return string(e) }

// ask is how a [Choice] reaches the server: it sends a request without a body,
// and waits for what is answered; status 0 is no answer.
type ask func(ctx context.Context, method, path string) (status int, body string)

// Source returns where the choice's tokens come from; nil for nobody's.
func (c Choice) Source(ask ask) func(context.Context) (string, error) {
	switch {
	case c.Name != "":
		return func(ctx context.Context) (string, error) {
			status, body := ask(ctx, "POST", "/identities?name="+url.QueryEscape(c.Name))
			var answer protocol.TokenResponse
			switch {
			case status == 0:
				return "", errors.New("the server does not answer")
			case status != 200:
				return "", sourceError("The server has no token for " + c.Name + ": it may not offer identities any more.")
			case json.Unmarshal([]byte(body), &answer) != nil || answer.Token == "":
				return "", sourceError("The server answered with something else than a token.")
			}
			return answer.Token, nil
		}
	case c.Token != "":
		return func(context.Context) (string, error) {
			if end := expiry(c.Token); !end.IsZero() && !time.Now().Before(end) {
				return "", sourceError("This token has expired. Paste another, or go on without one.")
			}
			return c.Token, nil
		}
	default:
		return nil
	}
}

// expiry reads from a token when it ends, zero if it doesn't say. The server
// judges tokens; this only saves asking it again and again.
func expiry(token string) time.Time {
	_, rest, _ := strings.Cut(token, ".")
	claims, _, _ := strings.Cut(rest, ".")
	text, err := base64.RawURLEncoding.DecodeString(claims)
	var c struct {
		Expires float64 `json:"exp"`
	}
	if err != nil || json.Unmarshal(text, &c) != nil || c.Expires <= 0 || c.Expires > 1e11 {
		return time.Time{}
	}
	return time.Unix(int64(c.Expires), 0)
}

// Choose takes in a choice.
func (w Who) Choose(c Choice) Who {
	w.Choice, w.Problem = c, ""
	w.user, w.expires = "", time.Time{}
	return w
}

// Apply takes in what the client reports.
func (w Who) Apply(ev client.Event) Who {
	switch ev := ev.(type) {
	case client.Connected:
		w.known, w.open, w.Problem = true, ev.Hello.Open, ""
		w.user, w.expires = ev.Hello.User, moment(ev.Hello.Expires)
	case client.Refreshed:
		w.expires, w.Problem = moment(ev.Expires), ""
	case client.TokenFailed:
		w.Problem = "There is no new token yet. " + why(ev.Err)
	case client.Disconnected:
		code, byServer := client.CloseCode(ev.Err)
		var source sourceError
		switch {
		case errors.As(ev.Err, &source):
			w.Problem = string(source)
		case byServer && code == protocol.CloseRevoked:
			w.Problem = "This identity was revoked."
		case byServer && (code == protocol.CloseUnauthorized || code == protocol.ClosePermission):
			w.Problem = "The server does not take this identity. " + why(ev.Err)
		}
	}
	return w
}

// why is a server's reason, as a sentence.
func why(err error) string {
	var refusal *protocol.Error
	var source sourceError
	switch {
	case errors.As(err, &source):
		return string(source)
	case errors.As(err, &refusal) && refusal.Message != "":
		return "It says: " + refusal.Message + "."
	default:
		return ""
	}
}

func moment(micros int64) time.Time {
	if micros == 0 {
		return time.Time{}
	}
	return time.UnixMicro(micros)
}

// Open reports whether whoever has no token may do everything.
func (w Who) Open() bool { return w.open }

// Name is who the tab is, in a word or two.
func (w Who) Name() string {
	switch {
	case !w.expires.IsZero() && w.user != "":
		return w.user
	case w.Choice.Name != "":
		return w.Choice.Name + "?" // not yet, or not at all
	case w.Choice.Token != "":
		return "a token?"
	default:
		return "nobody"
	}
}

// Words say who the tab is, until when, and what that means.
func (w Who) Words() string {
	switch {
	case !w.expires.IsZero():
		text := "You are " + w.user + ", until " + w.expires.Format("15:04:05") + "."
		if w.Choice.Name != "" {
			text += " Before that, the page gets another token by itself."
		}
		return text
	case !w.known:
		return "Not connected: who you are is not known yet."
	case w.Choice != Choice{}:
		return "You are not connected as that yet."
	case w.open:
		return "You have no token. This server is open: whoever has none may do everything."
	default:
		return "You have no token, and may do what this server lets everybody do."
	}
}
