package dashboard

// ring keeps the last of what is put into it. Make one with [newRing].
type ring[T any] struct {
	all  []T
	next int
}

func newRing[T any](most int) ring[T] { return ring[T]{all: make([]T, 0, most)} }

// put adds one, in place of the oldest when it is full.
func (r *ring[T]) put(v T) {
	if len(r.all) < cap(r.all) {
		r.all = append(r.all, v)
		return
	}
	r.all[r.next] = v
	r.next = (r.next + 1) % len(r.all)
}

func (r *ring[T]) len() int { return len(r.all) }

// at returns the i-th, counted from the oldest.
func (r *ring[T]) at(i int) *T {
	if i += r.next; i >= len(r.all) {
		i -= len(r.all)
	}
	return &r.all[i]
}

// last returns the newest, nil if there is none.
func (r *ring[T]) last() *T {
	if len(r.all) == 0 {
		return nil
	}
	return r.at(len(r.all) - 1)
}
