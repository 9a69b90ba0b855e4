package playground

import (
	"encoding/json"

	"fanlight/shared/protocol"
)

// kept is what a tab keeps of its channels, so that a reload goes on where they
// stood: sessionStorage lives as long as the tab, and no longer.
//
// It is bounded by the channels, of which a connection may have so many, and
// by what their names and positions may measure: some 30 KB at the most.
type kept map[string]protocol.Since

// encode returns the text to store.
func (k kept) encode() string {
	text, err := json.Marshal(k)
	if err != nil {
		return "" // strings and numbers can always be marshalled
	}
	return string(text)
}

// decodeKept reads what was stored. What can't be read was not stored by us.
func decodeKept(text string) kept {
	k := kept{}
	if json.Unmarshal([]byte(text), &k) != nil || k == nil {
		return kept{}
	}
	return k
}

// take returns where a channel stood, once: whoever leaves a channel and comes
// again begins anew. It returns nil for one that is not there.
func (k kept) take(channel string) *protocol.Since {
	since, ok := k[channel]
	if !ok {
		return nil
	}
	delete(k, channel)
	return &since
}
