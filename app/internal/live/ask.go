package live

import (
	"context"

	"fanlight/shared/client"
	"fanlight/shared/protocol"
)

// Publish sends data, with tags if there are any, and waits for the answer, at most until the context ends.
// It must not be called from the UI goroutine, which the wait would stop.
func (l *Link) Publish(ctx context.Context, name string, data any, tags protocol.Tags) (protocol.Published, error) {
	return l.PublishWith(ctx, name, data, client.PublishOptions{Tags: tags})
}

// PublishWith is [Link.Publish] with a key of the page's own, say.
func (l *Link) PublishWith(ctx context.Context, name string, data any, with client.PublishOptions) (protocol.Published, error) {
	l.mu.Lock()
	c := l.client
	if c != nil {
		l.ledger.Send()
	}
	l.mu.Unlock()
	if c == nil {
		return protocol.Published{}, client.ErrClosed
	}
	done, err := c.PublishWith(ctx, name, data, with)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ledger.Answer(err)
	// Its error is about a configuration that was taken before.
	_ = l.restart()
	return done, err
}

// Presence asks who is on a channel. It waits as [Link.Publish] does.
func (l *Link) Presence(ctx context.Context, name string) (protocol.Presence, error) {
	l.mu.Lock()
	c := l.client
	l.mu.Unlock()
	if c == nil {
		return protocol.Presence{}, client.ErrClosed
	}
	return c.Presence(ctx, name)
}

// Token returns what the tab shows to the server when it asks by HTTP, "" when
// it has no token. It may ask for one, and waits as [Link.Publish] does.
func (l *Link) Token(ctx context.Context) (string, error) {
	l.mu.Lock()
	token := l.cfg.Token
	l.mu.Unlock()
	if token == nil {
		return "", nil
	}
	return token(ctx)
}
