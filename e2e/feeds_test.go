package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"fanlight/shared/demo"
	"fanlight/shared/protocol"
)

func TestTheMarketIsHeardByWhoeverListensAndFilteredForWhoeverAsks(t *testing.T) {
	s := newFedRig(t).site()
	plain := s.dial("/ws?channel="+demo.QuotesChannel, nil)
	heard := map[string]bool{}
	for len(heard) < len(demo.Listings()) {
		line, err := plain.read()
		var q demo.Quote
		if err == nil {
			err = json.Unmarshal([]byte(line), &q)
		}
		if err != nil || q.Price <= 0 || q.At%demo.QuoteInterval != 0 {
			t.Fatalf("%s: %v", line, err)
		}
		heard[q.Symbol] = true
	}

	v1 := s.v1()
	v1.say(fmt.Sprintf(`{"id":2,"subscribe":{"channel":%q,"filter":"symbol == \"BOLT\""}}`, demo.QuotesChannel))
	v1.hears(`"subscribed"`, `"filtered":true`)
	before := int64(0)
	for range 3 {
		var m protocol.Message
		var q demo.Quote
		line := v1.hears(`"publication"`)
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		if err := json.Unmarshal(m.Publication.Data, &q); err != nil || q.Symbol != "BOLT" || q.At <= before || m.Publication.Tags["sector"] != "tools" {
			t.Errorf("after %d came %s: %v", before, line, err)
		}
		before = q.At
	}

	code, body := get(t, s.url()+"/history?channel="+demo.QuotesChannel+"&limit=5&filter="+url.QueryEscape(`sector == "food"`))
	if code != http.StatusOK || !strings.Contains(body, "FERN") || strings.Contains(body, "BOLT") {
		t.Errorf("the history is %d %s", code, body)
	}
}

func TestNobodyElsePublishesPricesOrReadings(t *testing.T) {
	s := newFedRig(t).site()
	for _, channel := range []string{demo.QuotesChannel, demo.CandlesChannel, demo.Fleet()[0].Channel()} {
		code, body := post(t, s.url()+"/publish", "", fmt.Sprintf(`{"channel":%q,"data":{"symbol":"BOLT","at":0,"price":1}}`, channel))
		if code != http.StatusForbidden || !strings.Contains(body, string(protocol.CodePermission)) {
			t.Errorf("%s: %d %s", channel, code, body)
		}
	}
}

func TestTwoRelaysOnOneRedisTellEachPriceAndReadingOnce(t *testing.T) {
	g := newFedRig(t)
	one, two := g.site(), g.site()
	sensor := demo.Fleet()[0].Channel()
	// Heard through both, since each has it from Redis.
	for _, s := range []*site{one, two} {
		v1 := s.v1()
		v1.say(fmt.Sprintf(`{"id":2,"subscribe":{"channel":%q,"rewind":{"count":100}}}`+"\n"+`{"id":3,"subscribe":{"channel":%q,"rewind":{"count":100}}}`, demo.QuotesChannel, sensor))
		quotes, readings := map[demo.Quote]bool{}, map[int64]bool{}
		for times := map[int64]bool{}; len(times) < 6 || len(readings) < 2; {
			line := v1.hears()
			var m protocol.Message
			if err := json.Unmarshal([]byte(line), &m); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			switch {
			case m.Publication == nil:
			case m.Publication.Channel == sensor:
				var r demo.Reading
				if err := json.Unmarshal(m.Publication.Data, &r); err != nil || readings[r.Seq] {
					t.Fatalf("twice, or %v: %s", err, line)
				}
				readings[r.Seq] = true
			default:
				var q demo.Quote
				if err := json.Unmarshal(m.Publication.Data, &q); err != nil {
					t.Fatal(err)
				}
				q.Price = 0
				if quotes[q] {
					t.Fatalf("twice: %s", line)
				}
				quotes[q], times[q.At] = true, true
			}
		}
	}
}
