package client

import (
	"time"

	"fanlight/shared/protocol"
)

// Event is what [Config.OnEvent] is told. The types in this file are all there
// are; switch on them.
type Event interface{ event() }

// Connecting says that a connection is being made.
type Connecting struct {
	// Attempt counts from 1 since the client last was connected.
	Attempt int
}

// Connected says that the server has said hello.
type Connected struct {
	Hello protocol.Hello
	// RTT is how long the answer took.
	RTT time.Duration
}

// Disconnected says that there is no connection any more, or that one could
// not be made.
type Disconnected struct {
	// Err is why, never nil. A server's close code is in it: see [CloseCode].
	Err error
	// Retry is how long the client waits before it tries again.
	Retry time.Duration
	// Final says that the client will not try again: it was closed, or the
	// server's close code told it to stay away.
	Final bool
}

// Subscribed says that the server took a subscription, again after each
// reconnect. Then the client goes on from its position, and what follows, in
// this order and as far as there is any, is: [Reset], [Gap], the publications
// that were recovered, [Recovered].
type Subscribed struct {
	Channel string
	// Position is where the channel stood at that moment.
	Position protocol.Position
	// Recovered is how many publications of the history follow.
	Recovered int
	// Filtered says that a filter applies, [SubscribeOptions.Filter] or one that
	// the server demands: offsets that are left out are then no loss.
	Filtered bool
}

// Recovered says that the last publication that was recovered has been
// delivered; what follows is live. It comes when there was any.
type Recovered struct {
	Channel string
	Count   int
}

// Gap says that publications are lost for good, and exactly which: the channel
// goes on after [protocol.Gap.To].
type Gap struct{ protocol.Gap }

// Reset says that the channel's history is gone, since Redis was emptied or
// went back in time. The channel begins anew, at offset 1 or with a [Gap].
type Reset struct{ protocol.Reset }

// Moved says that a channel from which nothing came is alive, and that the
// client has everything: the server says that the channel stands at the
// client's own position. It comes with the answer to a ping, that is, only while
// the whole connection is quiet. With a filter it also comes after many
// publications that were left out, and takes the position past them.
type Moved struct {
	Channel  string
	Position protocol.Position
}

// Joined and Left say who came to a channel and who went, if the server tells
// that of the channel.
type (
	Joined struct{ protocol.Join }
	Left   struct{ protocol.Leave }
)

// Unsubscribed says that nothing more comes from a channel, since
// [Client.Unsubscribe] was called.
type Unsubscribed struct{ Channel string }

// Refused says that the server did not take a subscription. The client does
// not ask again. (It does when the server could not take any at the time, codes
// unavailable and rate_limited, and then tells nothing, or [Limited].)
type Refused struct {
	Channel string
	// Err is an [*protocol.Error].
	Err error
}

// Received is a publication.
type Received struct {
	protocol.Publication
	// Latency is the time from Redis to here, on the server's clock as the
	// client estimates it: it is off by half a round trip at the most.
	// For one that was recovered it is its age.
	Latency time.Duration
	// Recovered says that it comes out of the history and not live.
	Recovered bool
}

// Refreshed says that the connection goes on with a new token.
type Refreshed struct {
	// Expires is as in [protocol.Hello].
	Expires int64
}

// TokenFailed says that there is no new token for the connection that stands:
// [Config.Token] had none, or the server did not take it. The old one still
// lives.
type TokenFailed struct {
	Err error
	// Retry is how long the client waits before it asks for a token again.
	Retry time.Duration
}

// Limited says that the client sent more than the server takes, and that what
// it refused waits, and is sent again by itself.
type Limited struct {
	// Err is an [*protocol.Error], with the code rate_limited.
	Err error
	// Retry is how long the client waits.
	Retry time.Duration
}

// Stale says that the server serves another build of the page than
// [Config.Build]: the page should reload.
type Stale struct {
	// Build is the server's.
	Build string
}

func (Connecting) event()   {}
func (Connected) event()    {}
func (Disconnected) event() {}
func (Subscribed) event()   {}
func (Recovered) event()    {}
func (Gap) event()          {}
func (Reset) event()        {}
func (Moved) event()        {}
func (Joined) event()       {}
func (Left) event()         {}
func (Unsubscribed) event() {}
func (Refused) event()      {}
func (Received) event()     {}
func (Refreshed) event()    {}
func (TokenFailed) event()  {}
func (Limited) event()      {}
func (Stale) event()        {}
