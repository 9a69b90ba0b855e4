package client

import (
	"context"
	"errors"
	"time"

	"fanlight/shared/protocol"
)

const (
	// leastLife is how short a token's rest must be for the client to let it
	// expire: the server then says so, and the next connection has another.
	leastLife = time.Second
	// longestLife bounds what a server says of a token's life.
	longestLife = 365 * 24 * time.Hour
	// longestRest bounds what a server says of when to come back.
	longestRest = time.Minute
)

// tokenError is what [Config.Token] returned in place of a token.
type tokenError struct{ reason error }

func (e *tokenError) Error() string { return "client: there is no token: " + e.reason.Error() }
func (e *tokenError) Unwrap() error { return e.reason }

var errLongToken = errors.New("it is longer than servers take")

// token asks the application for a token. Its error is a *tokenError.
func (c *Client) token(ctx context.Context) (string, error) {
	if c.cfg.Token == nil {
		return "", nil
	}
	token, err := c.cfg.Token(ctx)
	if err == nil && len(token) > protocol.MaxToken {
		err = errLongToken
	}
	if err != nil {
		return "", &tokenError{err}
	}
	return token, nil
}

// refresh is a token on its way to the server.
type refresh struct {
	token  string
	answer chan protocol.Message // takes one
}

// keepToken has the connection go on with a new token before the old one
// expires, as often as that takes, until the connection ends. What fails is
// tried again while there is time.
func (s *session) keepToken(h *protocol.Hello, at time.Time) {
	if s.c.cfg.Token == nil || h.Expires == 0 {
		return
	}
	end := at.Add(life(h.Expires, h.Time))
	failed := newBackoff(s.c.cfg.BackoffBase, s.c.cfg.BackoffCap)
	wait := refreshAfter(time.Until(end))
	for wait < time.Until(end) && s.sleep(wait) {
		next, err := s.renew()
		switch {
		case s.ctx.Err() != nil:
			return
		case err == nil:
			end, failed.failures = next, 0
			wait = refreshAfter(time.Until(end))
		default:
			wait = max(failed.next(), retryAfter(err))
			s.c.emit(TokenFailed{Err: err, Retry: wait})
		}
	}
}

// renew asks for a token, hands it to the server, and returns when it ends.
func (s *session) renew() (time.Time, error) {
	ctx, cancel := context.WithTimeout(s.ctx, s.c.cfg.DialTimeout)
	defer cancel()
	token, err := s.c.token(ctx)
	if err == nil && token == "" {
		err = &tokenError{errors.New("it is empty")}
	}
	if err != nil {
		return time.Time{}, err
	}
	answer := make(chan protocol.Message, 1)
	s.c.mu.Lock()
	s.fresh = &refresh{token, answer}
	s.wakeWriter()
	s.c.mu.Unlock()
	select {
	case <-s.ctx.Done():
		return time.Time{}, s.ctx.Err()
	case m := <-answer:
		switch {
		case m.Refreshed != nil:
			s.c.mu.Lock()
			defer s.c.mu.Unlock()
			now := time.Now()
			return now.Add(life(m.Refreshed.Expires, s.clock.local(now)+s.clock.offset)), nil
		case m.Error != nil:
			return time.Time{}, m.Error
		default:
			return time.Time{}, errors.New("client: the server answered a refresh with something else")
		}
	}
}

// sleep reports false when the connection ended meanwhile.
func (s *session) sleep(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.ctx.Done():
		return false
	}
}

// life is the time between two moments on the server's clock.
func life(expires, now int64) time.Duration {
	if expires <= now {
		return 0
	}
	rest := uint64(expires) - uint64(now)                                                    // #nosec G115 -- wraps to the true difference
	return time.Duration(min(rest, uint64(longestLife/time.Microsecond))) * time.Microsecond // #nosec G115 -- at most that
}

// refreshAfter says when to replace a token that lives so long: at two thirds
// of that, and ten seconds before its end where that is not yet half of its
// life; a little earlier at random, so that not all clients come at once.
func refreshAfter(life time.Duration) time.Duration {
	const ahead = 10 * time.Second
	at := life * 2 / 3
	if early := life - ahead; early >= life/2 {
		at = min(at, early)
	}
	return max(at-jitter(at/10+1), leastLife)
}

// retryAfter is how long the server asks to be left alone, 0 if it doesn't.
func retryAfter(err error) time.Duration {
	var refusal *protocol.Error
	if !errors.As(err, &refusal) {
		return 0
	}
	return min(time.Duration(max(refusal.RetryAfter, 0)), longestRest/time.Millisecond) * time.Millisecond
}
