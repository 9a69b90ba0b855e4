package limit

// Users returns how many users have a bucket.
func (l *Limiter) Users() int {
	l.users.mu.Lock()
	defer l.users.mu.Unlock()
	return len(l.users.buckets)
}
