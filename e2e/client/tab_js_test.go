package client_test

import (
	"io"
	"net/http"
	"strings"
	"syscall/js"
	"testing"
	"time"

	"fanlight/shared/client"
)

func TestTheBrowsersEventsEndTheWait(t *testing.T) {
	w := newWorld(t, order{})
	u := w.user(client.Config{BackoffBase: time.Hour, BackoffCap: time.Hour})
	next[client.Connected](u)
	for target, event := range map[string]string{"window": "online", "document": "visibilitychange"} {
		w.do("cut")
		next[client.Disconnected](u)
		js.Global().Get(target).Call("dispatchEvent", js.Global().Get("Event").New(event))
		next[client.Connected](u)
	}
}

func TestTheBrowsersEventsFindADeadLink(t *testing.T) {
	w := newWorld(t, order{})
	u := w.user(client.Config{PingInterval: time.Hour, PongTimeout: 100 * time.Millisecond})
	next[client.Connected](u)
	w.do("deaden")
	js.Global().Call("dispatchEvent", js.Global().Get("Event").New("online"))
	next[client.Disconnected](u)
	w.do("heal")
}

// A browser can't make a server wait: what it takes in and nobody reads has to
// end somewhere.
func TestWhatIsNotReadIsBounded(t *testing.T) {
	slow := make(chan struct{})
	left := make(chan error, 1)
	c, err := client.New(client.Config{
		URL: controlURL + "/scripted/flood-20", BackoffBase: time.Hour, BackoffCap: time.Hour,
		OnEvent: func(e client.Event) {
			switch e := e.(type) {
			case client.Received:
				<-slow
			case client.Disconnected:
				left <- e.Err
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if err := c.Subscribe("flood"); err != nil {
		t.Fatal(err)
	}
	answer, err := http.Get(controlURL + "/flooded")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	if code, err := io.ReadAll(answer.Body); err != nil || string(code) != "4001" {
		t.Errorf("it left with %s, %v", code, err)
	}
	close(slow)
	select {
	case err := <-left:
		if !strings.Contains(err.Error(), "more came than was read") {
			t.Error(err)
		}
	case <-time.After(patience):
		t.Error("nobody was told")
	}
}

func TestCloseReleasesTheBrowsersListeners(t *testing.T) {
	// Count what is listened to on the window, the document and sockets: all of
	// them inherit these two methods.
	prototype := js.Global().Get("EventTarget").Get("prototype")
	balance := 0
	for method, change := range map[string]int{"addEventListener": 1, "removeEventListener": -1} {
		original := prototype.Get(method)
		counting := js.FuncOf(func(this js.Value, args []js.Value) any {
			balance += change
			return original.Call("call", this, args[0], args[1])
		})
		prototype.Set(method, counting)
		defer func() {
			prototype.Set(method, original)
			counting.Release()
		}()
	}
	w := newWorld(t, order{})
	u := w.user(client.Config{})
	for range 3 {
		next[client.Connected](u)
		w.do("cut")
	}
	next[client.Connected](u)
	if balance != 5 { // online, visibilitychange; open, message, close
		t.Errorf("%d listeners while connected", balance)
	}
	_ = u.Close()
	if balance != 0 {
		t.Errorf("%d listeners are left", balance)
	}
}
