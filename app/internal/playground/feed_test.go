package playground

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"fanlight/app/internal/live"
	"fanlight/app/internal/slots"
	"fanlight/shared/client"
	"fanlight/shared/protocol"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// came makes a batch of texts on a channel.
func came(channel string, texts ...string) live.Batch {
	var b live.Batch
	for _, text := range texts {
		b.Events = append(b.Events, client.Received{Publication: protocol.Publication{Channel: channel, Data: protocol.Text(text)}})
	}
	return b
}

// shown lists a feed's texts, the newest first, as the page does.
func shown(f Feed) []string {
	rows := slices.SortedFunc(slices.Values(f.Rows), func(a, b slots.Row[*Message]) int { return byTurn(b, a) })
	texts := []string{}
	for _, r := range rows {
		texts = append(texts, r.Item.Text)
	}
	return texts
}

// waits returns how long a feed waits to be ticked; 0 if it does not.
func waits(f Feed) time.Duration {
	wait, _ := f.Waits()
	return wait
}

func byTurn(a, b slots.Row[*Message]) int { return cmp.Compare(a.Turn, b.Turn) }

// newest returns the turn of the row on top.
func newest(f Feed) uint64 {
	if len(f.Rows) == 0 {
		return 0
	}
	return slices.MaxFunc(f.Rows, byTurn).Turn
}

func numbers(from, to int) []string {
	var texts []string
	for i := from; i <= to; i++ {
		texts = append(texts, fmt.Sprint("m", i))
	}
	return texts
}

func TestTheNewestMessageStandsFirst(t *testing.T) {
	f := Feed{}.Take(came("a", "one"), noon).Take(came("b", "two", "three"), noon)
	expect(t, "shown", shown(f), []string{"three", "two", "one"})
	expect(t, "total", f.Total, 3)
}

func TestARowKeepsItsSlotUntilANewerMessageNeedsIt(t *testing.T) {
	f := Feed{}.Take(came("a", numbers(1, slots.Max)...), noon)
	before := f.Rows
	f = f.Take(came("a", "new"), noon)
	expect(t, "rows", len(f.Rows), slots.Max)
	changed := 0
	for slot := range f.Rows {
		if f.Rows[slot] != before[slot] {
			changed++
			expect(t, "the one that went", before[slot].Item.Text, "m1")
		}
	}
	expect(t, "changed slots", changed, 1)
	expect(t, "first", shown(f)[0], "new")
	expect(t, "last", shown(f)[slots.Max-1], "m2")
	expect(t, "an earlier value of the state", before[0].Item.Text, "m1")
}

func TestTheFilterLooksAtChannelsAndTexts(t *testing.T) {
	f := Feed{}.Take(came("news", "Rain"), noon).Take(came("sport", "A NEWS item"), noon).Take(came("sport", "goal"), noon)
	f = f.Sift(" News ")
	expect(t, "shown", shown(f), []string{"A NEWS item", "Rain"})
	f = f.Take(came("sport", "another"), noon).Take(came("news", "Sun"), noon)
	expect(t, "shown of what comes", shown(f), []string{"Sun", "A NEWS item", "Rain"})
	f = f.Sift("")
	expect(t, "shown without it", shown(f), []string{"Sun", "another", "goal", "A NEWS item", "Rain"})
}

func TestTheFilterFindsWhatIsNoLongerShown(t *testing.T) {
	f := Feed{}.Take(came("a", "needle"), noon).Take(came("a", numbers(1, 500)...), noon)
	expect(t, "found", shown(f.Sift("needle")), []string{"needle"})
}

func TestAPausedFeedCountsWhatComes(t *testing.T) {
	f := Feed{}.Take(came("a", "before"), noon).Pause().Take(came("a", "during", "the pause"), noon)
	expect(t, "shown", shown(f), []string{"before"})
	expect(t, "held", f.Held, 2)
	expect(t, "shown through a filter", shown(f.Sift("e")), []string{"before"})
	f = f.Pause()
	expect(t, "shown afterwards", shown(f), []string{"the pause", "during", "before"})
	expect(t, "held afterwards", f.Held, 0)
}

func TestALongPauseIsBounded(t *testing.T) {
	f := Feed{}.Take(came("a", "before"), noon).Pause()
	for range 30 {
		f = f.Take(came("a", numbers(1, 100)...), noon)
	}
	expect(t, "held", f.Held, 3000)
	expect(t, "kept", len(f.kept), maxKept)
	expect(t, "shown", shown(f), []string{"before"})
	expect(t, "rows afterwards", len(f.Pause().Rows), slots.Max)
}

func TestWhatIsKeptIsBoundedInBytesToo(t *testing.T) {
	f := Feed{}
	for range 200 {
		f = f.Take(came("a", strings.Repeat("x", 60<<10)), noon)
	}
	if f.keptBytes > maxKeptBytes || len(f.kept) < 100 {
		t.Errorf("%d messages of %d bytes are kept", len(f.kept), f.keptBytes)
	}
}

func TestClearingForgetsEverythingButTheFilter(t *testing.T) {
	f := Feed{}.Take(came("a", numbers(1, 250)...), noon).Sift("m").Clear()
	expect(t, "shown", shown(f), []string{})
	expect(t, "total", f.Total, 0)
	f = f.Take(came("a", "x", "my", "m2"), noon)
	expect(t, "shown of what comes", shown(f), []string{"m2", "my"})
}

func TestTurnsOnlyGrow(t *testing.T) {
	f := Feed{}
	var last uint64
	for _, next := range []func(Feed) Feed{
		func(f Feed) Feed { return f.Take(came("a", numbers(1, 321)...), noon) },
		func(f Feed) Feed { return f.Sift("2") },
		func(f Feed) Feed { return f.Take(came("a", "2"), noon) },
		func(f Feed) Feed { return f.Clear() },
		func(f Feed) Feed { return f.Take(came("a", "22"), noon) },
	} {
		f = next(f)
		if len(f.Rows) == 0 {
			continue
		}
		newest := newest(f)
		if newest <= last {
			t.Errorf("after turn %d, the newest is %d", last, newest)
		}
		last = newest
	}
}

func TestMessagesThePageWasTooSlowForAreCounted(t *testing.T) {
	b := came("a", "x")
	b.Dropped = 5
	f := Feed{}.Take(b, noon)
	expect(t, "total", f.Total, 6)
	expect(t, "dropped", f.Dropped, 5)
}

func TestABurstIsDrawnWhole(t *testing.T) {
	f := Feed{}.Take(came("a", numbers(1, 300)...), noon)
	expect(t, "rows", len(f.Rows), slots.Max)
	expect(t, "the newest", shown(f)[0], "m300")
	expect(t, "the oldest", shown(f)[slots.Max-1], "m101")
}

func TestOfAFloodTheNewestIsDrawnAndTheRestOnceItIsCalm(t *testing.T) {
	f, now := Feed{}, noon
	var last Feed
	for n := range 60 {
		last, now = f, now.Add(time.Second/60)
		f = f.Take(came("a", numbers(100*n+1, 100*n+100)...), now)
		if fresh := int(newest(f) - newest(last)); n > 3 && (fresh < 1 || fresh > 20) {
			t.Fatalf("%d rows are drawn in frame %d", fresh, n)
		}
		expect(t, "the newest", shown(f)[0], fmt.Sprint("m", 100*n+100))
	}
	expect(t, "total", f.Total, 6000)
	expect(t, "hurried", f.Hurried, true)
	expect(t, "waits", waits(f), calm)
	expect(t, "too soon", f.Tick(now.Add(calm-1)).Hurried, true)
	f = f.Tick(now.Add(calm))
	expect(t, "hurried", f.Hurried, false)
	expect(t, "shown", shown(f)[slots.Max-1], "m5801")
}

func TestAFloodHidesNoLoss(t *testing.T) {
	f := Feed{}.Take(came("a", numbers(1, 300)...), noon)
	b := event(lost("a", 301, 302))
	b.Events = append(b.Events, came("a", numbers(303, 400)...).Events...)
	expect(t, "shown", shown(f.Take(b, noon))[:2], []string{"m400", "2 messages lost, #301 to #302"})
}

func TestAPauseDuringAFloodHoldsStill(t *testing.T) {
	f := Feed{}.Take(came("a", numbers(1, 200)...), noon).Take(came("a", numbers(201, 400)...), noon).Pause()
	expect(t, "shown", shown(f)[1], "m200")
	expect(t, "waits for the announcement alone", waits(f), quiet)
	expect(t, "later", shown(f.Tick(noon.Add(time.Hour)))[1], "m200")
	expect(t, "resumed", shown(f.Pause())[1], "m399")
}

func TestMessagesAreAnnouncedAtMostEveryTwoSeconds(t *testing.T) {
	f := Feed{}.Take(came("a", "one"), noon)
	expect(t, "first", f.Announcement, "a: one")
	f = f.Take(came("a", "two", "three"), noon.Add(time.Second))
	expect(t, "too soon", f.Announcement, "a: one")
	expect(t, "waits", waits(f), quiet)
	f = f.Tick(noon.Add(2 * time.Second))
	expect(t, "later", f.Announcement, "2 new messages, the last on a: three")
	expect(t, "waits", waits(f), 0)
}

// event makes a batch of anything.
func event(events ...client.Event) live.Batch { return live.Batch{Events: events} }

func lost(channel string, from, to uint64) client.Event {
	return client.Gap{Gap: protocol.Gap{Channel: channel, Epoch: "e", From: from, To: to, Count: to - from + 1}}
}

func anew(channel string, was uint64) client.Event {
	return client.Reset{Reset: protocol.Reset{Channel: channel, Epoch: "f", Was: protocol.Position{Epoch: "e", Offset: was}}}
}

func back(channel, text string) client.Event {
	r := came(channel, text).Events[0].(client.Received)
	r.Recovered = true
	return r
}

func TestLossesStandInTheListWhereTheyHappened(t *testing.T) {
	f := Feed{}.Take(came("a", "before"), noon).Take(event(lost("a", 3, 7), back("a", "after")), noon)
	expect(t, "shown", shown(f), []string{"after", "5 messages lost, #3 to #7", "before"})
	expect(t, "recovered", []bool{f.Rows[0].Item.Recovered, f.Rows[2].Item.Recovered}, []bool{false, true})
	expect(t, "total", f.Total, 2)
	expect(t, "messages shown", f.Shown(), 2)
	f = f.Take(event(lost("a", 9, 9), anew("a", 9), anew("b", 0)), noon)
	expect(t, "shown", shown(f)[:3], []string{
		"The history began anew: Redis was emptied, or went back in time.",
		"The history began anew: Redis was emptied, or went back in time. What may have come after #9 of the old one is lost.",
		"1 message lost, #9",
	})
}

func TestNoFilterHidesALoss(t *testing.T) {
	f := Feed{}.Sift("needle").Take(came("a", "hay"), noon).Take(event(lost("a", 3, 7)), noon)
	expect(t, "shown", shown(f), []string{"5 messages lost, #3 to #7"})
	expect(t, "shown without it", shown(f.Sift("")), []string{"5 messages lost, #3 to #7", "hay"})
}

func TestAPauseHoldsLossesBackToo(t *testing.T) {
	f := Feed{}.Take(came("a", "before"), noon).Pause().Take(event(lost("a", 2, 3)), noon)
	expect(t, "held", f.Held, 0)
	expect(t, "shown", shown(f), []string{"before"})
	expect(t, "shown afterwards", shown(f.Pause()), []string{"2 messages lost, #2 to #3", "before"})
}

func TestLossesAreAnnouncedByWord(t *testing.T) {
	for want, b := range map[string]live.Batch{
		"a: 5 messages lost, #3 to #7. ":                                                       event(lost("a", 3, 7)),
		"Recovered, a: one":                                                                    event(back("a", "one")),
		"2 new messages, 1 of them recovered, the last on a: two":                              event(back("a", "one"), came("a", "two").Events[0]),
		"a: 1 message lost, #3. 2 new messages, the last on a: 2":                              event(lost("a", 3, 3), came("a", "1").Events[0], came("a", "2").Events[0]),
		"a: 1 message lost, #1. a: 1 message lost, #3. a: 1 message lost, #5. 1 more losses. ": event(lost("a", 1, 1), lost("a", 3, 3), lost("a", 5, 5), lost("a", 7, 7)),
	} {
		expect(t, "announcement", Feed{}.Take(b, noon).Announcement, want)
	}
}

func TestWhatAMessageShows(t *testing.T) {
	one := func(p protocol.Publication) *Message { return newMessage(client.Received{Publication: p}) }
	m := one(protocol.Publication{Channel: "a", Offset: 3, Time: 1_000_000, Data: []byte(`"<b>\"hi\"</b>"`)})
	expect(t, "text", m.Text, `<b>"hi"</b>`)
	expect(t, "JSON", m.JSON, false)
	expect(t, "time", m.Time.Equal(time.Unix(1, 0)), true)
	m = one(protocol.Publication{Channel: "a", Foreign: true, Data: []byte(`{"a":1}`)})
	expect(t, "text", m.Text, `{"a":1}`)
	expect(t, "JSON", m.JSON, true)
	expect(t, "foreign", m.Foreign, true)
	m = one(protocol.Publication{Data: protocol.Text(strings.Repeat("é", 5000))})
	expect(t, "cut", m.Cut, true)
	expect(t, "cut between characters", m.Text, strings.Repeat("é", maxText/2))
}

func TestDurationsAsOneReadsThem(t *testing.T) {
	for d, want := range map[time.Duration]string{
		-time.Millisecond:       "<1 ms",
		200 * time.Microsecond:  "<1 ms",
		3456 * time.Microsecond: "3.5 ms",
		42 * time.Millisecond:   "42 ms",
		1500 * time.Millisecond: "1.5 s",
		2 * time.Minute:         "2 min",
		3 * time.Hour:           "3 h",
	} {
		expect(t, d.String(), duration(d), want)
	}
}

func TestAMarkIsARowOfItsOwn(t *testing.T) {
	for kind, ev := range map[string]client.Event{"lost": lost("a", 3, 7), "anew": anew("a", 2)} {
		html := app.HTMLString(&row{Message: Feed{}.Take(event(ev), noon).Rows[0].Item})
		if !strings.Contains(html, `data-mark="`+kind+`"`) || strings.Contains(html, "curl") {
			t.Errorf("the row is:\n%s", html)
		}
	}
	html := app.HTMLString(&row{Message: Feed{}.Take(event(back("a", "x")), noon).Rows[0].Item})
	if !strings.Contains(html, `data-recovered="yes"`) || !strings.Contains(html, ">recovered<") {
		t.Errorf("the row is:\n%s", html)
	}
}

func TestATextIsNeverMarkup(t *testing.T) {
	html := app.HTMLString(&row{Message: newMessage(client.Received{Publication: protocol.Publication{
		Channel: "a", Data: protocol.Text(`<img src=x onerror="alert(1)">`),
	}})})
	if strings.Contains(html, "<img") || !strings.Contains(html, "&lt;img src=x") {
		t.Errorf("the row is:\n%s", html)
	}
}
