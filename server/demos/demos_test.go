package demos_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"fanlight/server/demos"
	"fanlight/server/relay"
	"fanlight/shared/channel"
	"fanlight/shared/protocol"
)

func TestAnOpenRelayLetsNobodyReadMovesOrForgeEvents(t *testing.T) {
	r, err := relay.New(relay.Config{Namespaces: demos.Namespaces(map[string]relay.Namespace{"": {Presence: true}}, true)})
	if err != nil {
		t.Fatal(err)
	}
	stop := demos.Start(r, demos.Config{})
	defer func() {
		stop()
		if err := r.Close(context.Background()); err != nil {
			t.Error(err)
		}
	}()
	post := func(channel string) int {
		w := httptest.NewRecorder()
		body := strings.NewReader(`{"channel":"` + channel + `","data":{"game":"abc"}}`)
		req := httptest.NewRequest(http.MethodPost, "http://localhost/publish", body)
		req.Header.Set("Content-Type", "application/json")
		r.ServeHTTP(w, req)
		return w.Code
	}
	if code := post("game:abc"); code != http.StatusForbidden {
		t.Errorf("an event was forged: %d", code)
	}
	if code := post("move:lobby"); code >= 300 {
		t.Errorf("a command was refused: %d", code)
	}
	w := httptest.NewRecorder()
	r.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://localhost/history?channel=move:lobby", nil))
	if w.Code != http.StatusForbidden {
		t.Errorf("moves can be read: %d %s", w.Code, w.Body)
	}
	// The referee is there.
	all, err := channel.ParsePattern("#")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	tester := r.Local("tester", channel.Grants{{Pattern: all, Ops: channel.All}})
	if _, err := tester.Publish(ctx, protocol.Publish{Channel: "move:abc", Data: json.RawMessage(`{"do":"move"}`)}); err != nil {
		t.Fatal(err)
	}
	err = tester.Subscribe(ctx, protocol.Subscribe{Channel: "game:abc", Since: &protocol.Since{}}, func(m protocol.Message) {
		if m.Publication != nil {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("no event came: %v", err)
	}
}

func TestAGuardedRelayAsksForATokenAndTheFileHasTheLastWord(t *testing.T) {
	all := demos.Namespaces(map[string]relay.Namespace{"move": {HistorySize: 7}}, false)
	if all["game"].Anonymous != nil || all["game"].Default == nil || !all["game"].Default.Has(channel.Subscribe) || all["game"].Default.Has(channel.Publish) {
		t.Errorf("%+v", all["game"])
	}
	if !all["game"].Presence {
		t.Error("nobody could see who watches")
	}
	if all["move"].HistorySize != 7 || all["move"].Default != nil {
		t.Errorf("%+v", all["move"])
	}
}

func TestWhatIsFedMayBeReadByAllAndPublishedByNobody(t *testing.T) {
	all := demos.Namespaces(map[string]relay.Namespace{"": {HistorySize: 20, Presence: true}, "sensor": {HistorySize: 7}}, true)
	market := all["market"]
	if market.Anonymous == nil || !market.Anonymous.Has(channel.Subscribe|channel.History) || market.Anonymous.Has(channel.Publish) || market.Default.Has(channel.Publish) {
		t.Errorf("%+v", market)
	}
	if market.HistorySize != 1000 || market.Presence {
		t.Errorf("%+v", market)
	}
	if own := all["sensor"]; own.HistorySize != 7 || own.Anonymous != nil {
		t.Errorf("the operator's own: %+v", own)
	}
	if size := demos.Namespaces(nil, false)["sensor"].HistorySize; size != 300 {
		t.Errorf("a sensor keeps %d", size)
	}
}
