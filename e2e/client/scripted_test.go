//go:build !js

package client_test

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/coder/websocket"

	"fanlight/shared/protocol"
)

// flooded has the close codes with which clients left a flood.
var flooded = make(chan websocket.StatusCode, 1)

// awaitFlooded waits for one.
func awaitFlooded(w http.ResponseWriter, r *http.Request) {
	select {
	case code := <-flooded:
		_, _ = fmt.Fprint(w, int(code))
	case <-r.Context().Done():
	}
}

// scripted is a server that does what no healthy relay does:
//
//	close-CODE   close with the code after the hello
//	burst-N      take the subscription, send N publications, and close with 4000 right behind them
//	flood-N      take the subscription, send N publications of 1 MiB, and wait for the client to
//	             leave; GET /flooded then answers with its close code
func scripted(w http.ResponseWriter, r *http.Request) {
	conn, err := websocket.Accept(w, r, &websocket.AcceptOptions{
		Subprotocols: []string{protocol.Subprotocol}, InsecureSkipVerify: true, // any page of ours may
	})
	if err != nil {
		return
	}
	defer func() { _ = conn.CloseNow() }()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	say := func(m *protocol.Message) {
		_ = conn.Write(ctx, websocket.MessageText, protocol.AppendMessage(nil, m))
	}
	kind, number, _ := strings.Cut(r.PathValue("script"), "-")
	var channel string
	for greeted := false; !greeted || (kind == "burst" || kind == "flood") && channel == ""; {
		_, frame, err := conn.Read(ctx)
		if err != nil {
			return
		}
		for line := range protocol.Lines(frame) {
			c, err := protocol.DecodeCommand(line)
			switch {
			case err != nil:
				return
			case c.Connect != nil:
				greeted = true
				say(&protocol.Message{ID: c.ID, Hello: &protocol.Hello{
					Version: 1, Client: "scripted", Ping: 25_000, Time: time.Now().UnixMicro(), Limits: protocol.DefaultLimits,
				}})
			case c.Subscribe != nil:
				channel = c.Subscribe.Channel
				say(&protocol.Message{ID: c.ID, Subscribed: &protocol.Subscribed{Channel: channel}})
			}
		}
	}
	publish := func(n int, data []byte) {
		for offset := range n {
			_ = conn.Write(ctx, websocket.MessageText, protocol.AppendPublication(nil, &protocol.Publication{
				Channel: channel, Epoch: "e", Offset: uint64(offset) + 1, ID: "m", Time: 1, Data: data,
			}))
		}
	}
	code := protocol.CloseShutdown
	switch kind {
	case "close":
		n, _ := strconv.Atoi(number)
		code = protocol.CloseCode(n)
	case "burst":
		n, _ := strconv.Atoi(number)
		publish(n, []byte("1"))
	case "flood":
		n, _ := strconv.Atoi(number)
		publish(n, protocol.Text(strings.Repeat("x", 1<<20)))
		_, _, err := conn.Read(ctx)
		flooded <- websocket.CloseStatus(err)
		return
	}
	_ = conn.Close(websocket.StatusCode(code), "as the script says")
}
