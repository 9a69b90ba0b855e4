package channel

// Op is something that one may do on a channel; several are or-ed.
type Op uint8

// The operations.
const (
	Subscribe Op = 1 << iota
	Publish
	History
	Presence

	All = Subscribe | Publish | History | Presence
)
