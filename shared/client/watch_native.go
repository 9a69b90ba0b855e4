//go:build !js

package client

// watch is for what the browser tells. Elsewhere nobody does.
func (c *Client) watch() (release func()) { return func() {} }
