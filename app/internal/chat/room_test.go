package chat

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"fanlight/app/internal/live"
	"fanlight/shared/client"
	"fanlight/shared/demo"
	"fanlight/shared/protocol"
)

var (
	noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)
	mine = Me{Browser: "b1", Tab: "t1"}
)

// said is a message that came: the offset, who, and "m" with the offset.
func said(offset int, id, from string) client.Received {
	m := demo.ChatMessage{ID: id, From: from, Text: "m" + strconv.Itoa(offset)}
	data := fmt.Appendf(nil, `{"id":%q,"from":%q,"text":%q}`, m.ID, m.From, m.Text)
	return client.Received{Publication: protocol.Publication{
		Channel: "chat:tea", Epoch: "e", Offset: uint64(offset), Time: noon.Add(time.Duration(offset) * time.Second).UnixMicro(), Data: data,
	}}
}

func subscribed(top, recovered int) client.Event {
	return client.Subscribed{Channel: "chat:tea", Position: protocol.Position{Epoch: "e", Offset: uint64(top)}, Recovered: recovered}
}

func (r Room) with(events ...client.Event) Room {
	return r.Take(live.Batch{Events: events}, mine, noon)
}

// from has messages of ada's, from one offset to another.
func from(first, last int) (events []client.Event) {
	for n := first; n <= last; n++ {
		events = append(events, said(n, "x"+strconv.Itoa(n), "ada"))
	}
	return events
}

// entered is a room that one entered with the last of so many messages.
func entered(top int) Room {
	count := min(top, rewind)
	r := NewRoom(false, true).with(subscribed(top, count)).with(from(top-count+1, top)...)
	if count > 0 {
		r = r.with(client.Recovered{Channel: "chat:tea", Count: count})
	}
	return r
}

// texts are what is shown: "--" is where the new ones begin.
func (r Room) texts(sends ...Send) string {
	var all []string
	for _, line := range r.Lines(sends) {
		switch {
		case line.Item != nil && line.Item.Kind == Said:
			all = append(all, line.Item.Text)
		case line.Item != nil:
			all = append(all, [...]string{"", "lost", "anew", "left-out"}[line.Item.Kind])
		case line.Send != nil:
			all = append(all, "("+line.Send.Message.Text+")")
		default:
			all = append(all, "--")
		}
	}
	return strings.Join(all, " ")
}

// page is what a server answers that keeps from one offset on.
func history(keeps, before, limit int) (h protocol.HistoryResponse) {
	for n := before - 1; n >= keeps && len(h.Publications) < limit; n-- {
		h.Publications = append(h.Publications, said(n, "x"+strconv.Itoa(n), "ada").Publication)
	}
	return h
}

func TestARoomIsEnteredWithWhatWasSaidLast(t *testing.T) {
	r := entered(3)
	expect(t, "shown", r.texts(), "m1 m2 m3")
	expect(t, "above", r.Older, Beginning)
	expect(t, "unread", r.Unread, 0)
	expect(t, "announced", r.Tick(noon).Announcement, "")
	expect(t, "of an empty one", entered(0).Empty(), true)
	expect(t, "of a long one", entered(200).Older, More)
}

func TestOlderMessagesStandAboveAndAreAskedForOnce(t *testing.T) {
	r, before, ok := entered(80).Ask()
	expect(t, "asked for", fmt.Sprint(before.Epoch, before.Offset, ok), "e31 true")
	_, _, again := r.Ask()
	expect(t, "asked for while it is on its way", again, false)
	r = r.with(from(81, 81)...) // meanwhile
	r = r.Answer(before, 200, history(1, 31, page), mine)
	expect(t, "above", r.Older, Beginning)
	expect(t, "first and number", r.texts()[:5]+strconv.Itoa(len(r.Lines(nil))), "m1 m281")
}

func TestItIsSaidHowManyOlderMessagesAreGone(t *testing.T) {
	r, before, _ := entered(80).Ask()
	r = r.Answer(before, 200, history(21, 31, page), mine)
	expect(t, "words", r.Above(), "20 older messages not kept any more.")
	for status, want := range map[int]Older{0: Failing, 503: Failing, 410: Ended, 403: Denied, 401: Denied} {
		r, before, _ := entered(80).Ask()
		expect(t, "status "+strconv.Itoa(status), r.Answer(before, status, protocol.HistoryResponse{}, mine).Older, want)
	}
}

func TestWhatIsLostAndWhatBeganAnewHasItsRow(t *testing.T) {
	r := entered(2).with(
		client.Gap{Gap: protocol.Gap{Channel: "chat:tea", Epoch: "e", From: 3, To: 5, Count: 3}}, said(6, "", "ada"),
		client.Reset{Reset: protocol.Reset{Channel: "chat:tea", Epoch: "f", Was: protocol.Position{Epoch: "e", Offset: 6}}},
	)
	expect(t, "shown", r.texts(), "m1 m2 lost m6 anew")
	expect(t, "announced", strings.Contains(r.Tick(noon).Announcement, "3 messages are lost here, #3 to #5"), true)
	_, _, ok := r.Ask()
	expect(t, "older is asked for", ok, false)
	r = r.Take(live.Batch{Dropped: 7}, mine, noon)
	expect(t, "a slow tab", r.texts(), "m1 m2 lost m6 anew left-out")
}

func TestATabThatReloadsGoesOnAndMarksWhatIsNew(t *testing.T) {
	r := NewRoom(true, true).with(subscribed(12, 2))
	for _, ev := range from(11, 12) {
		ev := ev.(client.Received)
		ev.Recovered = true
		r = r.with(ev)
	}
	r = r.with(client.Recovered{Count: 2})
	expect(t, "unread", r.Unread, 0)
	r, before, ok := r.Ask()
	expect(t, "asked for", fmt.Sprint(before.Offset, ok), "11 true")
	r = r.Answer(before, 200, history(9, 11, page), mine)
	expect(t, "shown", r.texts(), "m9 m10 -- m11 m12")
	expect(t, "with nothing new", NewRoom(true, true).with(subscribed(12, 0)).Older, More)
}

func TestWhatIsUnreadIsCountedUntilOneLooks(t *testing.T) {
	r := entered(2).Show(false).with(said(3, "", "ada"), said(4, mine.mark()+".1", "me"), said(5, "", "ada"))
	expect(t, "unread", r.Unread, 2)
	expect(t, "title", Title("tea", r.Unread), "(2) tea · Chat · Fanlight")
	expect(t, "shown", r.texts(), "m1 m2 -- m3 m4 m5")
	r = r.Show(true)
	expect(t, "unread after a look", r.Unread, 0)
	expect(t, "shown after a look", r.texts(), "m1 m2 -- m3 m4 m5")
	expect(t, "shown after an answer", r.Spoke().texts(), "m1 m2 m3 m4 m5")
	r = r.Follow(false).with(said(6, "", "ada"))
	expect(t, "unread while scrolled up", r.Unread, 1)
	expect(t, "unread at the end", r.End().Unread, 0)
}

func TestWhatOneSendsStandsLastAndKeepsItsRowWhenItComesBack(t *testing.T) {
	id := mine.mark() + ".1"
	o, m := Outbox{}.Submit("hi\n", id, "me", noon)
	expect(t, "published", *m, demo.ChatMessage{ID: id, From: "me", Text: "hi"})
	r := entered(2)
	expect(t, "shown", r.texts(o.Sends...), "m1 m2 (hi)")
	key := r.Lines(o.Sends)[2].Key
	r = r.with(said(3, "y", "ada"), said(4, id, "me"))
	expect(t, "shown when it came", r.texts(o.Sends...), "m1 m2 m3 m4")
	expect(t, "key", r.Lines(nil)[3].Key, key)
	expect(t, "mine", r.Lines(nil)[3].Item.Mine, true)
	expect(t, "sent twice, when the key had lapsed", r.with(said(5, id, "me")).texts(), "m1 m2 m3 m4")
	expect(t, "waiting", len(o.Came(id).Sends), 0)
}

func TestATabIsBoundedAndShowsAWindow(t *testing.T) {
	r := entered(0).with(from(1, 2*maxItems)...)
	expect(t, "items", len(r.items), maxItems)
	expect(t, "above", r.Older, Full)
	expect(t, "shown", len(r.Lines(nil)), maxShown)
	r = r.Follow(false)
	up := 0
	for moved := true; moved; up++ {
		r, moved = r.Up()
	}
	expect(t, "first", r.Lines(nil)[0].Item.Text, "m"+strconv.Itoa(maxItems+1))
	at := r.Lines(nil)[0].Key
	r = r.with(said(2*maxItems+1, "", "ada"))
	expect(t, "the window has moved", r.Lines(nil)[0].Key != at, true) // its first item went
	for moved := true; moved; {
		r, moved = r.Down()
	}
	expect(t, "last", r.Lines(nil)[maxShown].Item.Text, "m"+strconv.Itoa(2*maxItems+1)) // behind the line that says that it is new
}

func TestWhatOthersPublishIsNotBelieved(t *testing.T) {
	for data, want := range map[string]string{
		`"plain"`:                        "/plain",
		`{"n":1}`:                        `/{"n":1}`,
		`{"from":7,"text":"x"}`:          `/{"from":7,"text":"x"}`,
		`{"id":"i","from":"a","text":1}`: `/{"id":"i","from":"a","text":1}`,
		`{"from":"a","text":"x"}`:        "a/x",
		`null`:                           "/null",
	} {
		it := newItem(&protocol.Publication{Data: []byte(data)}, "k", mine)
		expect(t, data, it.From+"/"+it.Text, want)
	}
	long := newItem(&protocol.Publication{Data: protocol.Text(strings.Repeat("é", maxText))}, "k", mine)
	expect(t, "a long one", fmt.Sprint(len(long.Text), long.Cut), fmt.Sprint(maxText, true))
}

func TestAnnouncementsAreFewAndNeverOfOnesOwn(t *testing.T) {
	r := entered(1).with(said(2, "y", "ada")).Tick(noon)
	expect(t, "announced", r.Announcement, "ada: m2")
	r = r.with(said(3, "y", ""), said(4, "z", "bob"), said(5, mine.mark()+".9", "me")).Tick(noon.Add(time.Second))
	expect(t, "too soon", r.Announcement, "ada: m2")
	expect(t, "later", r.Tick(noon.Add(quiet)).Announcement, "2 new messages, the last from bob: m4")
}

func TestMessagesOfOneStandUnderOneName(t *testing.T) {
	r := entered(2).with(said(3, "y", "bob"), said(400, "z", "bob"))
	var under []bool
	for _, line := range r.Lines(nil) {
		under = append(under, line.Under)
	}
	expect(t, "under", under, []bool{false, true, false, false})
}

func TestARefusalIsExplained(t *testing.T) {
	r := NewRoom(false, true).with(client.Refused{Channel: "chat:tea", Err: &protocol.Error{Code: protocol.CodePermission, Message: "may not subscribe to chat:tea"}})
	expect(t, "problem", r.Problem, "You may not subscribe to chat:tea. Who you are is chosen at the top of the page.")
}
