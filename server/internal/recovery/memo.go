package recovery

import "sync"

// Memo keeps what was made of a history for all who share it, so that it is
// made once.
type Memo struct {
	once sync.Once
	made any
}

// Made returns what the first caller has made. A nil Memo keeps nothing.
func (m *Memo) Made(anew func() any) any {
	if m == nil {
		return anew()
	}
	m.once.Do(func() { m.made = anew() })
	return m.made
}
