// Package client is Fanlight's Go client. One package serves the browser (js
// and wasm) and every other Go program; only the socket under it differs.
//
//	c, err := client.New(client.Config{URL: "ws://127.0.0.1:8000/ws", OnEvent: show})
//	err = c.Subscribe("news")                       // from now on, without a hole
//	done, err := c.Publish(ctx, "news", "Hello")    // waits for the acknowledgement
//	err = c.Close()
//
// # What it takes care of
//
// It connects in the background and comes back by itself, after a wait that
// grows and is random ([Config.BackoffBase]), unless the server's close code
// says to stay away ([CloseCode]). Each time it asks for all wanted channels
// again. It pings a quiet link, and leaves one that answers nothing.
//
// Every publish carries a random key and is sent again, with the same key,
// until the server takes or refuses it: whatever breaks in between, it is
// stored once. What waits goes out in the order of the calls, first-time or
// again.
//
// It asks for a token before each connection ([Config.Token]) and for the next
// one at about two thirds of its life, which the connection then goes on with.
// When the server says that the token has expired, it comes back with a new one;
// when it says that it is not valid, or was revoked, it stays away. What comes
// too fast for the server waits for as long as that asks ([Limited]).
//
// # What comes is whole, or says what is missing
//
// Each subscription has a position: the last publication that was delivered.
// After a reconnect it goes on from there. An application that keeps the
// position ([Client.Position]) goes on from there after a reload, too:
//
//	err = c.SubscribeWith("news", client.SubscribeOptions{Since: &kept})
//
// What is recovered comes first, in order, and is flagged; [Recovered] ends it.
// What can't be recovered is told, exactly and once, where it is missing:
// [Gap], or [Reset] when Redis lost or turned back the channel's history.
//
// Everything else has to be the next one. What was delivered already is
// dropped. If something is missing that the server did not tell of, be it a
// publication, or the word on a quiet channel's position ([Moved]), nothing
// further is passed on: the client subscribes anew from its position, on the
// same connection, so that other channels need not suffer. If that brings
// nothing, or the server's answer does not add up, it leaves the connection, and
// the wait before the next one grows.
//
// With a filter ([SubscribeOptions.Filter]), or one that the server demands,
// only the server knows what belongs between two publications: then a later one
// is the next, and its word takes the position past what it left out.
//
// Messages of programs that publish to Redis directly have no position. They
// are delivered live, and not recovered.
//
// # Who does what
//
// Four goroutines, each with an owner that waits for it. One, of the client's
// life, goes around: open a connection, read it until it ends, wait. It calls
// [Config.OnEvent], so events come in order. Opening
// happens in a goroutine of its own, so that the first stays able to answer.
// While a connection stands, a third one writes to it: it wakes when there is
// something to say, fills one frame with all of it, and keeps the ping's time.
// A fourth sees to the connection's token, if it has one; it tells
// [TokenFailed], and a lock keeps events one at a time.
//
// All state is behind one mutex, which is never held while waiting or while
// OnEvent runs. What is bounded, and what happens at the bound: calls by
// [Config.Queue] (the next is refused), commands for a channel by one
// at a time, a frame that comes in by 8 MiB and, in the browser, what has come
// and was not read by 16 MiB (the connection ends and is made again).
//
// # Browsers
//
// The socket in the browser is ours, on syscall/js, and not that of
// github.com/coder/websocket, which we use everywhere else. That one does not
// tell the server's close code, on which everything here depends; it may lose
// messages that arrive just before a close; and its Close waits for an answer
// that a dead link never sends. A hidden tab's timers fire once a minute, and
// the server's patience is made for it; the client also pings when traffic wakes
// it late, and when the page becomes visible or gets its network back.
package client
