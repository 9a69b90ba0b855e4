package playground

import (
	"testing"

	"fanlight/app/internal/ledger"
	"fanlight/shared/protocol"
)

func TestPositionsSurviveAReloadAndAreTakenUpOnce(t *testing.T) {
	at := protocol.Since{Epoch: "e", Offset: 7, Last: "L"}
	k := decodeKept(kept{"a": at, "empty": {}}.encode())
	expect(t, "position", *k.take("a"), at)
	expect(t, "position of a channel without publications", *k.take("empty"), protocol.Since{})
	expect(t, "taken again", k.take("a"), nil)
	expect(t, "never kept", k.take("b"), nil)
}

func TestWhatIsNoPositionIsNotTakenForOne(t *testing.T) {
	for _, text := range []string{"", "null", "[]", `{"a":7}`, `{"a":{"epoch":"e","offset":-1}}`, "{"} {
		expect(t, text, decodeKept(text), kept{})
	}
	expect(t, "from nothing", kept(nil).take("a"), nil)
}

func TestTheRedisLineNamesTheRedisThatThereIs(t *testing.T) {
	for want, v := range map[string]protocol.VersionResponse{
		"redis-cli -p 6380 publish a hi":                    {},
		"redis-cli -p 7001 publish a hi":                    {Redis: "embedded", RedisAddr: "127.0.0.1:7001"},
		"redis-cli -h ::1 -p 7001 publish a hi":             {Redis: "embedded", RedisAddr: "[::1]:7001"},
		"redis-cli publish a hi":                            {Redis: "external"},
		"# there is no way to the Redis inside this server": {Redis: "embedded"},
	} {
		expect(t, "line", RedisLine(v, "a"), want)
	}
}

func TestWhatTheFiguresAmountTo(t *testing.T) {
	for want, f := range map[string]ledger.Figures{
		"Counts since this tab was loaded.":                                  {},
		"It adds up, since this tab was loaded.":                             {Sent: 2, Acknowledged: 2, Received: 3},
		"1 of those sent is not acknowledged yet.":                           {Sent: 2, Acknowledged: 1},
		"2 of those sent are not acknowledged yet.":                          {Sent: 2},
		"1 of those sent failed, and may or may not have arrived.":           {Sent: 2, Failed: 1},
		"A history began anew: what the old one still had can't be counted.": {Resets: 1},
		"What is missing is lost, and the list says which.":                  {Missing: 3, Resets: 1},
		"This must not happen: 1 missing without a word, 2 doubled.":         {Missing: 3, Silent: 1, Doubled: 2},
		"This must not happen: 4 out of order.":                              {Disordered: 4},
	} {
		expect(t, "verdict", Verdict(f), want)
	}
}
