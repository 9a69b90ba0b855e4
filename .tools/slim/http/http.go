// Package http is what the page's program gets in place of net/http: the types
// and constants that go-app and we mention there, and nothing that talks to a
// network, which in a browser nobody does through it. The real one brings TLS,
// X.509 and proxies along, a sixth of the transfer.
//
// Whoever uses more of net/http in the browser's program gets a compiler's
// error, and can add it here.
package http

import (
	"errors"
	"io"
	"net/url"
)

// The methods and statuses that are mentioned.
const (
	MethodGet  = "GET"
	MethodHead = "HEAD"
	MethodPost = "POST"

	StatusOK                    = 200
	StatusNoContent             = 204
	StatusNotModified           = 304
	StatusBadRequest            = 400
	StatusUnauthorized          = 401
	StatusForbidden             = 403
	StatusNotFound              = 404
	StatusMethodNotAllowed      = 405
	StatusRequestTimeout        = 408
	StatusConflict              = 409
	StatusGone                  = 410
	StatusRequestEntityTooLarge = 413
	StatusUnsupportedMediaType  = 415
	StatusMisdirectedRequest    = 421
	StatusUpgradeRequired       = 426
	StatusTooManyRequests       = 429
	StatusInternalServerError   = 500
	StatusServiceUnavailable    = 503
)

// Header is a message's header fields.
type Header map[string][]string

// Get returns the first value of a field, by its canonical name.
func (h Header) Get(name string) string {
	if values := h[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// Set replaces a field's values.
func (h Header) Set(name, value string) { h[name] = []string{value} }

// ResponseWriter is where a handler answers to.
type ResponseWriter interface {
	Header() Header
	Write(b []byte) (int, error)
	WriteHeader(status int)
}

// Request is what a handler answers.
type Request struct {
	Method string
	URL    *url.URL
	Header Header
	Host   string
	Body   io.ReadCloser
	TLS    *struct{} // never set
}

// Response is what a server answered.
type Response struct {
	StatusCode int
	Header     Header
	Body       io.ReadCloser
}

// Handler answers requests.
type Handler interface {
	ServeHTTP(w ResponseWriter, r *Request)
}

type notFound struct{}

func (notFound) ServeHTTP(w ResponseWriter, r *Request) { NotFound(w, r) }

// NotFound answers with that status.
func NotFound(w ResponseWriter, _ *Request) { w.WriteHeader(StatusNotFound) }

// Dir is a directory; a browser has none.
type Dir string

// FileServer finds no file.
func FileServer(Dir) Handler { return notFound{} }

// Get fails: a page fetches by the browser's own means.
func Get(string) (*Response, error) {
	return nil, errors.New("net/http is left out of this program")
}
