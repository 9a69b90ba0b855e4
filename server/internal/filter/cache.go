package filter

import (
	"container/list"
	"sync"
)

// Cache keeps compiled filters, so that the same text is the same [*Filter]:
// then whoever fans out evaluates it once for all who gave it. It keeps the
// latest used; one that fell out is compiled again, and still works for those
// who have it. It may be used concurrently.
type Cache struct {
	most int

	mu    sync.Mutex
	kept  map[string]*list.Element
	order *list.List // of *Filter, the latest used first
}

// NewCache returns a cache that keeps so many.
func NewCache(most int) *Cache {
	return &Cache{most: most, kept: make(map[string]*list.Element), order: list.New()}
}

// Get is [Compile], for texts that come again.
func (c *Cache) Get(text string) (*Filter, error) {
	if f := c.find(text); f != nil {
		return f, nil
	}
	f, err := Compile(text) // without the lock: others need not wait for that
	if err != nil {
		return nil, err // not kept: there is no end of wrong ones
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if e := c.kept[text]; e != nil {
		return e.Value.(*Filter), nil // somebody else was faster
	}
	c.kept[text] = c.order.PushFront(f)
	if c.order.Len() > c.most {
		delete(c.kept, c.order.Remove(c.order.Back()).(*Filter).text)
	}
	return f, nil
}

func (c *Cache) find(text string) *Filter {
	c.mu.Lock()
	defer c.mu.Unlock()
	e := c.kept[text]
	if e == nil {
		return nil
	}
	c.order.MoveToFront(e)
	return e.Value.(*Filter)
}
