package api

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"fanlight/server/internal/limit"
	"fanlight/shared/ops"
	"fanlight/shared/protocol"
)

// publish serves POST /publish. The body is a [protocol.PublishRequest], or an
// array of them, whatever its declared type, since curl -d declares a form;
// without a body, ?message= and ?channel= are taken, as the article's server did.
func (a *API) publish(w http.ResponseWriter, r *http.Request) error {
	from, err := a.caller(r) // before a byte of the body is read
	if err != nil {
		a.Node.Refused(from, ops.OpPublish, "", err)
		return err
	}
	body, err := a.readBody(w, r, from.Limits)
	if err != nil {
		a.Node.Refused(from, ops.OpPublish, "", err)
		return err
	}
	p := protocol.Publish{Channel: protocol.DefaultChannel, Key: r.Header.Get("Idempotency-Key")}
	query := r.URL.Query()
	if query.Has("channel") {
		p.Channel = query.Get("channel")
	}
	switch {
	case len(body) > 0 && body[0] == '[':
		return a.publishBatch(w, r, from, p, body)
	case len(body) > 0:
		err = fill(&p, body)
	case !query.Has("message"):
		err = &protocol.Error{
			Code: protocol.CodeBadRequest, Field: "body",
			Message: `nothing to publish: send {"channel": "…", "data": …}`,
		}
	case !utf8.ValidString(query.Get("message")):
		err = &protocol.Error{Code: protocol.CodeInvalidUTF8, Field: "message", Message: "the message is not UTF-8"}
	default:
		p.Data = protocol.Text(query.Get("message"))
	}
	if err != nil {
		a.Node.Refused(from, ops.OpPublish, p.Channel, err)
		return err
	}
	published, err := a.Node.PublishWait(r.Context(), from, p)
	if err != nil {
		return err
	}
	writeJSON(w, "application/json", http.StatusOK, publishResponse(p, published))
	return nil
}

func publishResponse(p protocol.Publish, published protocol.Published) *protocol.PublishResponse {
	return &protocol.PublishResponse{Status: protocol.StatusSuccess, Published: published, Message: p.Data}
}

// paced is a body that is read no faster than its address may send.
type paced struct {
	io.Reader
	limits *limit.Conn
	gone   <-chan struct{}
}

// Read implements io.Reader.
func (p *paced) Read(b []byte) (int, error) {
	n, err := p.Reader.Read(b)
	p.limits.Bytes(p.gone, n)
	return n, err
}

func (a *API) readBody(w http.ResponseWriter, r *http.Request, limits *limit.Conn) ([]byte, error) {
	if coding := r.Header.Get("Content-Encoding"); coding != "" && !strings.EqualFold(coding, "identity") {
		return nil, &protocol.Error{Code: protocol.CodeBinary, Field: "Content-Encoding", Message: "a body is taken as it is, not compressed"}
	}
	// A body that trickles in must not hold a connection for ever.
	patience := a.Limiter.Config().MessageTimeout
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(patience))
	most := a.Node.Limits().Frame
	body, err := io.ReadAll(&paced{http.MaxBytesReader(w, r.Body, int64(most)), limits, r.Context().Done()})
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		a.Limiter.Refused(limit.Frame)
		return nil, &protocol.Error{
			Code: protocol.CodeTooLarge, Field: "body", Limit: most,
			Message: fmt.Sprintf("a body has at most %d bytes", most),
		}
	case errors.Is(err, os.ErrDeadlineExceeded):
		a.Limiter.Refused(limit.MessageTimeout)
		return nil, &protocol.Error{
			Code: protocol.CodeIdle, Field: "body", Limit: int(patience.Milliseconds()),
			Message: fmt.Sprintf("a body takes at most %v", patience),
		}
	case err != nil:
		return nil, &protocol.Error{Code: protocol.CodeBadRequest, Field: "body", Message: "the body could not be read"}
	case !utf8.Valid(body):
		return nil, &protocol.Error{Code: protocol.CodeInvalidUTF8, Field: "body", Message: "the body is not UTF-8"}
	}
	return bytes.TrimSpace(body), nil
}

// fill reads a body into a publish.
func fill(p *protocol.Publish, body []byte) error {
	var req protocol.PublishRequest
	if err := json.Unmarshal(body, &req); err != nil {
		var wrong *json.UnmarshalTypeError
		if errors.As(err, &wrong) {
			return &protocol.Error{Code: protocol.CodeBadRequest, Field: cmp.Or(wrong.Field, "body"), Message: "wrong type: " + wrong.Value}
		}
		return &protocol.Error{
			Code: protocol.CodeDataInvalid, Field: "body",
			Message: `the body is not JSON; send {"channel": "…", "data": …}: ` + err.Error(),
		}
	}
	if req.Channel != "" {
		p.Channel = req.Channel
	}
	if req.Key != "" {
		p.Key = req.Key
	}
	p.Tags = req.Tags
	switch {
	case req.Data != nil && req.Message != nil:
		return &protocol.Error{Code: protocol.CodeBadRequest, Field: "message", Message: "give data or message, not both"}
	case req.Data != nil:
		p.Data = req.Data
	case req.Message != nil:
		p.Data = req.Message
	default:
		return &protocol.Error{Code: protocol.CodeBadRequest, Field: "data", Message: "data is missing"}
	}
	return nil
}
