package client

import "syscall/js"

// watch has the client try at once, or see whether its link still works, when
// the browser says that the network is back or the page becomes visible.
func (c *Client) watch() (release func()) {
	global := js.Global()
	document := global.Get("document")
	online := js.FuncOf(func(js.Value, []js.Value) any {
		c.nudge()
		return nil
	})
	visible := js.FuncOf(func(js.Value, []js.Value) any {
		if document.Get("visibilityState").String() == "visible" {
			c.nudge()
		}
		return nil
	})
	// Neither is everywhere: a worker has no document.
	call := func(target js.Value, method, event string, f js.Func) {
		if target.Truthy() && target.Get(method).Truthy() {
			target.Call(method, event, f)
		}
	}
	call(global, "addEventListener", "online", online)
	call(document, "addEventListener", "visibilitychange", visible)
	return func() {
		call(global, "removeEventListener", "online", online)
		call(document, "removeEventListener", "visibilitychange", visible)
		online.Release()
		visible.Release()
	}
}
