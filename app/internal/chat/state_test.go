package chat

import (
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"fanlight/app/internal/live"
	"fanlight/shared/client"
	"fanlight/shared/demo"
	"fanlight/shared/protocol"
)

func submitted(ids ...string) (o Outbox) {
	for _, id := range ids {
		o, _ = o.Submit("text of "+id, id, "me", noon)
	}
	return o
}

func TestWhatIsNotAnsweredIsSentAgainByItselfAsLongAsThatIsSafe(t *testing.T) {
	o := submitted("a", "b").Answer("a", protocol.Published{}, context.DeadlineExceeded)
	expect(t, "state", o.Sends[0].State, Unsure)
	_, again := o.Connected(protocol.DefaultLimits, noon.Add(keyLasts-1))
	expect(t, "again", again, []demo.ChatMessage{{ID: "a", From: "me", Text: "text of a"}})
	o, again = o.Connected(protocol.DefaultLimits, noon.Add(keyLasts))
	expect(t, "again, too late", len(again), 0)
	o, m := o.Again("a")
	expect(t, "by hand", m.ID, "a")
	o = o.Answer("a", protocol.Published{Position: protocol.Position{Epoch: "e", Offset: 4}}, nil)
	expect(t, "state in the end", o.Sends[0].State, Stored)
	_, m = o.Again("a")
	expect(t, "once more", m, (*demo.ChatMessage)(nil))
	expect(t, "when the room is behind", len(o.Passed(protocol.Position{Epoch: "e", Offset: 3}).Sends), 2)
	expect(t, "when the room has passed", len(o.Passed(protocol.Position{Epoch: "e", Offset: 4}).Sends), 1)
	expect(t, "when it was lost", o.Reset(protocol.Position{Epoch: "e", Offset: 3}).Sends[0].State, Failed)
}

func TestWhatIsSaidWhileAwayWaitsAndKeepsItsOrder(t *testing.T) {
	o := submitted("a").Answer("a", protocol.Published{}, context.DeadlineExceeded)
	o.Away = true
	o, _ = o.Submit("text of b", "b", "me", noon)
	expect(t, "state", o.Sends[1].State, Waiting)
	o, again := o.Connected(protocol.DefaultLimits, noon.Add(time.Hour))
	expect(t, "sent", len(again), 1) // the first is too old by now
	expect(t, "state when connected", o.Sends[1].State, Sending)
	o, again = submitted("a").Answer("a", protocol.Published{}, context.DeadlineExceeded).Connected(protocol.DefaultLimits, noon)
	expect(t, "sent again", len(again) == 1 && o.Sends[0].State == Sending, true)
}

func TestARefusalIsShownAndTriedAgainOrDiscardedByHand(t *testing.T) {
	o := submitted("a", "b").Answer("a", protocol.Published{}, &protocol.Error{Code: protocol.CodePermission, Message: "may not publish to chat:tea"})
	expect(t, "problem", o.Sends[0].Problem, "Not sent. You may not publish to chat:tea. Who you are is chosen at the top of the page.")
	_, again := o.Connected(protocol.DefaultLimits, noon)
	expect(t, "sent again by itself", len(again), 0)
	expect(t, "discarded", len(o.Discard("a").Discard("b").Sends), 1) // b is on its way
	expect(t, "queue", submitted("a").Answer("a", protocol.Published{}, client.ErrQueueFull).Sends[0].State, Failed)
}

func TestWhatCannotBeSentIsSaidAndNothingIsTaken(t *testing.T) {
	o, m := Outbox{}.Submit(" \n", "a", "", noon)
	expect(t, "blank", len(o.Sends) == 0 && m == nil && o.Problem == "", true)
	o, m = Outbox{}.Submit(strings.Repeat("x", protocol.DefaultLimits.Message), "a", "", noon)
	expect(t, "long", m == nil && strings.HasPrefix(o.Problem, "This is too long"), true)
	for i := range maxSends {
		o, _ = o.Submit("x", strconv.Itoa(i), "", noon)
	}
	o, m = o.Submit("x", "more", "", noon)
	expect(t, "many", m == nil && len(o.Sends) == maxSends && o.Problem != "", true)
}

func TestAReloadKeepsWhatIsNotStored(t *testing.T) {
	o := submitted("a", "b", "c").Answer("b", protocol.Published{}, nil).Answer("c", protocol.Published{}, &protocol.Error{Code: protocol.CodeInternal})
	text, err := json.Marshal(kept{Sends: o.Keep()})
	var k kept
	if err = errors.Join(err, json.Unmarshal(text, &k)); err != nil {
		t.Fatal(err)
	}
	expect(t, "kept", len(k.Sends), 2)
	expect(t, "state", []SendState{k.Sends[0].State, k.Sends[1].State}, []SendState{Unsure, Failed})
}

func TestWhoTypesIsForgottenByItselfAndOneselfIsNobody(t *testing.T) {
	hear := func(ty Typing, tab, from string) Typing {
		return ty.Hear(demo.ChatTyping{Tab: tab, From: from}, mine, noon)
	}
	ty := hear(Typing{}, "x-1", "ada")
	expect(t, "words", ty.Words(), "ada is typing…")
	expect(t, "again", hear(ty, "x-1", "ada").Words(), "ada is typing…")
	expect(t, "oneself", hear(ty, mine.mark(), "me").Words(), "ada is typing…")
	ty = hear(ty, "x-2", "")
	expect(t, "two", ty.Words(), "ada and somebody are typing…")
	expect(t, "three", hear(ty, "x-3", "").Words(), "3 people are typing…")
	expect(t, "one has sent", ty.Quiet("x-1.abc").Words(), "somebody is typing…")
	expect(t, "soon", ty.Tick(noon.Add(typingLasts-1)).Any(), true)
	expect(t, "later", ty.Tick(noon.Add(typingLasts)).Any(), false)
	for i := range 100 {
		ty = hear(ty, strconv.Itoa(i)+"!", "")
	}
	expect(t, "bound", len(ty.typists), maxTypists)
}

func TestTypingIsSaidNowAndThenOnly(t *testing.T) {
	ty, say := Typing{}.Type("h", noon)
	expect(t, "first", say, true)
	ty, say = ty.Type("hi", noon.Add(typingEvery-1))
	expect(t, "next", say, false)
	_, say = ty.Sent().Type("a", noon.Add(time.Second))
	expect(t, "after it was sent", say, true)
	_, say = ty.Type("", noon.Add(typingEvery))
	expect(t, "of nothing", say, false)
}

func member(connection, user string) protocol.Member {
	return protocol.Member{Client: connection, User: user}
}

func TestWhoIsHereIsNamedOnceThisTabFirst(t *testing.T) {
	p := People{}.Apply(client.Connected{Hello: protocol.Hello{Client: "me"}})
	p = p.Answer(protocol.Presence{Users: 4, Members: []protocol.Member{
		member("1", "grace"), member("2", ""), member("me", "ada"), member("3", ""), member("4", "ada"),
	}}, nil)
	faces, more := p.Faces(maxFaces)
	expect(t, "faces", faces, []live.Face{{Name: "ada", Count: 2, Me: true}, {Name: "grace", Count: 1}, {Count: 2}})
	expect(t, "more", more, 0)
	p = p.Apply(client.Joined{Join: protocol.Join{Member: member("5", "lin")}}).Apply(client.Joined{Join: protocol.Join{Member: member("5", "lin")}})
	expect(t, "words", p.Words(), "5 people")
	p = p.Apply(client.Left{Leave: protocol.Leave{Member: member("5", "lin")}}).Apply(client.Left{Leave: protocol.Leave{Member: member("5", "")}})
	expect(t, "words", p.Words(), "4 people")
	expect(t, "a question that failed", p.Answer(protocol.Presence{}, errors.New("lost")).Words(), "4 people")
	expect(t, "off", p.Answer(protocol.Presence{}, &protocol.Error{Code: protocol.CodePresenceOff}).Words(), "This server does not keep who is in a room.")
}

func TestRoomsHaveNamesThatAddressesTake(t *testing.T) {
	room, problem := CheckRoom(" tea-kitchen.2 ")
	expect(t, "good", room+problem, "tea-kitchen.2")
	for _, bad := range []string{"", "Tea Kitchen", "a:b", "-a", "ä", strings.Repeat("x", 65)} {
		room, problem = CheckRoom(bad)
		expect(t, bad, room == "" && problem != "", true)
	}
	_, problem = CheckRoom("Tea Kitchen")
	expect(t, "advice", strings.HasSuffix(problem, "“tea-kitchen” would do."), true)
	expect(t, "visited", Visited([]string{"a", "b", "../x"}, "b"), []string{"b", "a"})
	rooms := []string{}
	for i := range 50 {
		rooms = Visited(rooms, "r"+strconv.Itoa(i))
	}
	expect(t, "bound", len(rooms), maxVisited)
}

func TestHowItWorksShowsLinesThatAreThere(t *testing.T) {
	for _, s := range New(&live.Link{}, "tea").about().Sources {
		if s.Text == "" {
			t.Errorf("nothing is shown for %q", s.Title)
		}
	}
}

// TestMovesGiveTheDocumentTheOrderOfTheLines plays a document.
func TestMovesGiveTheDocumentTheOrderOfTheLines(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2)) // #nosec G404 -- a test's
	var s slots
	var document []int
	next := 0
	lines := []Line{}
	for round := range 2000 {
		for range random.IntN(5) {
			next++
			lines = append(lines, Line{Key: strconv.Itoa(next)})
		}
		switch random.IntN(6) {
		case 0:
			lines = lines[min(len(lines), random.IntN(4)):]
		case 1:
			next++
			lines = append([]Line{{Key: strconv.Itoa(next)}}, lines...)
		case 2:
			if len(lines) > 1 {
				i, j := random.IntN(len(lines)), random.IntN(len(lines))
				lines[i], lines[j] = lines[j], lines[i]
			}
		}
		if over := len(lines) - 30; over > 0 {
			lines = lines[over:]
		}
		lines = slices.Clone(lines)
		s.fill(lines)
		for slot := len(document); slot < len(s.lines); slot++ {
			document = append(document, slot) // as go-app does
		}
		if random.IntN(3) == 0 {
			continue // two changes may come before a frame
		}
		for _, m := range s.moves() {
			document = slices.DeleteFunc(document, func(slot int) bool { return slot == m.slot })
			at := len(document)
			if m.before >= 0 {
				at = slices.Index(document, m.before)
			}
			document = slices.Insert(document, at, m.slot)
		}
		var got []Line
		for _, slot := range document {
			if s.lines[slot].Key != "" {
				got = append(got, s.lines[slot])
			}
		}
		if !slices.Equal(got, lines) {
			t.Fatalf("round %d: %v, want %v", round, got, lines)
		}
	}
}
