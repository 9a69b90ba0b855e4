package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"fanlight/shared/protocol"
)

// TicketAge is how long a ticket is good.
const TicketAge = 30 * time.Second

// ticketLen is how long a ticket is, in bytes: what rand.Text returns.
const ticketLen = 26

// NewTicket returns a ticket that stands for an identity once, on any relay.
// Its errors are *[protocol.Error]: unauthorized for whoever has no token, and
// unavailable.
func (a *Authority) NewTicket(ctx context.Context, who *Identity) (protocol.TicketResponse, error) {
	if who.Anonymous() {
		return protocol.TicketResponse{}, unauthorized("a ticket stands for a token, and there is none")
	}
	if a.cfg.Redis == nil {
		return protocol.TicketResponse{}, unavailable("tickets are kept in Redis")
	}
	value, err := json.Marshal(who)
	if err != nil {
		return protocol.TicketResponse{}, err // grants can be marshalled
	}
	ticket, until := rand.Text(), time.Now().Add(TicketAge)
	if err := a.cfg.Redis.Set(ctx, a.ticketKey(ticket), value, TicketAge).Err(); err != nil {
		return protocol.TicketResponse{}, a.away(err)
	}
	return protocol.TicketResponse{Ticket: ticket, Expires: until.UnixMicro()}, nil
}

// Redeem returns the identity that a ticket stands for, and uses it up. Its
// errors are *[protocol.Error]: ticket_invalid, unavailable, and those of
// [Authority.Verify] for a token that has ended in the meantime.
func (a *Authority) Redeem(ctx context.Context, ticket string) (*Identity, error) {
	invalid := &protocol.Error{
		Code: protocol.CodeTicket, Message: "the ticket is not known, was used, or is older than 30 seconds", Field: "ticket",
	}
	if len(ticket) != ticketLen {
		return nil, invalid
	}
	if a.cfg.Redis == nil {
		return nil, unavailable("tickets are kept in Redis")
	}
	value, err := a.cfg.Redis.GetDel(ctx, a.ticketKey(ticket)).Bytes()
	switch {
	case errors.Is(err, redis.Nil):
		return nil, invalid
	case err != nil:
		return nil, a.away(err)
	}
	who := &Identity{}
	if err := json.Unmarshal(value, who); err != nil || who.Anonymous() {
		return nil, invalid // not one that a relay of this version wrote
	}
	if !time.Now().Before(who.Expires) {
		return nil, expired()
	}
	if err := a.revoked.check(ctx, who); err != nil {
		return nil, err
	}
	return who, nil
}

// ticketKey is a name from which nobody who can list keys learns a ticket.
func (a *Authority) ticketKey(ticket string) string {
	sum := sha256.Sum256([]byte(ticket))
	return "fanlight/ticket/{" + a.cfg.Prefix + hex.EncodeToString(sum[:]) + "}"
}

// away returns what a client is told of a Redis that fails: the error's own
// text names addresses.
func (a *Authority) away(err error) error {
	a.cfg.Log.Warn("a ticket could not be kept or read", "error", err)
	return unavailable("Redis does not answer")
}
