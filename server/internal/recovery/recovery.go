package recovery

import "fanlight/shared/protocol"

// History is what Redis has of a channel, from some offset on.
type History struct {
	Channel string
	// Epoch, Offset and Last say where the channel stands: the position and the
	// id of its last publication. All are zero when nothing was published.
	protocol.Position
	Last string
	// At is the id of the publication at the position that was asked about; ""
	// when it is kept no more.
	At string
	// Publications are those after that position that are still kept, oldest
	// first. They end with the last one, and have no hole.
	Publications []protocol.Publication
	// Memo is for those who share the history; nil when it is not shared.
	Memo *Memo
}

// Since returns the history's end, as a position to come back to.
func (h *History) Since() protocol.Since {
	return protocol.Since{Epoch: h.Epoch, Offset: h.Offset, Last: h.Last}
}

// Belongs reports whether a position is one of this history's life.
func (h *History) Belongs(since protocol.Since) bool {
	switch {
	case since.Offset == 0 && (since.Epoch == "" || since.Epoch == h.Epoch):
		return true // at the beginning
	case since.Epoch != h.Epoch || since.Offset > h.Offset:
		return false
	case since.Offset == h.Offset:
		return since.Last == "" || since.Last == h.Last
	default:
		return since.Last == "" || h.At == "" || since.Last == h.At
	}
}

// Verdict is what follows a position.
type Verdict struct {
	Reset        *protocol.Reset
	Gap          *protocol.Gap
	Publications []protocol.Publication
}

// Judge returns what somebody at a position gets. The history must have been
// read from that position if it [History.Belongs] there, else from 0.
func Judge(since protocol.Since, h *History) Verdict {
	v := Verdict{Publications: h.Publications}
	from := since.Offset
	if !h.Belongs(since) {
		v.Reset = &protocol.Reset{
			Channel: h.Channel, Epoch: h.Epoch,
			Was: protocol.Position{Epoch: since.Epoch, Offset: since.Offset},
		}
		from = 0
	}
	// What is kept ends with the top, so its length tells where it begins.
	kept := uint64(len(h.Publications))
	if lost := h.Offset - from; lost > kept {
		lost -= kept
		v.Gap = &protocol.Gap{Channel: h.Channel, Epoch: h.Epoch, From: from + 1, To: from + lost, Count: lost}
	}
	return v
}
