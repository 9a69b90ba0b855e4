package client

// Tap has f told of each frame as it is sent or has come, in the order of each
// direction, until it is told nil: for a look at the wire. Frames of connect and
// refresh hold the token. f is called from the goroutines that write and read,
// both of which wait for it; it must not keep or change the bytes. While there
// is no tap, a frame costs one atomic load.
func (c *Client) Tap(f func(sent bool, frame []byte)) {
	if f == nil {
		c.tap.Store(nil)
		return
	}
	c.tap.Store(&f)
}

// tapped tells the tap, if there is one.
func (c *Client) tapped(sent bool, frame []byte) {
	if f := c.tap.Load(); f != nil {
		(*f)(sent, frame)
	}
}
