package pages

import "net/http"

// headers keep the browser to this site. 'wasm-unsafe-eval' is what it takes
// to compile WebAssembly; nothing else is evaluated, and no style or script
// stands in a page. connect-src 'self' covers our WebSocket: it matches ws and
// wss on the page's own host and port.
var headers = map[string]string{
	"Content-Security-Policy": "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; " +
		"img-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	"X-Content-Type-Options":       "nosniff",
	"Referrer-Policy":              "no-referrer",
	"Cross-Origin-Opener-Policy":   "same-origin",
	"Cross-Origin-Resource-Policy": "same-origin",
	"Permissions-Policy":           "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

func secure(h http.Header) {
	for name, value := range headers {
		h.Set(name, value)
	}
}
