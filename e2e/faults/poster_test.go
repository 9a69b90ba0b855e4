package faults

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"

	"fanlight/e2e/checker"
	"fanlight/shared/protocol"
)

// poster publishes over HTTP, once each: what is refused it does not try again.
type poster struct {
	scene *scene
	url   string
	sent  int
}

func (s *scene) poster(url string) *poster { return &poster{scene: s, url: url} }

// post publishes a message and returns the status, 0 when there was none.
func (p *poster) post(channel string) int {
	p.sent++
	e := checker.Event{Kind: checker.Invoke, Who: "poster", Channel: channel, Data: fmt.Sprintf("poster-%d", p.sent)}
	p.scene.log.Add(e)
	status, err := p.try(&e)
	if err != nil {
		e.Kind, e.Text = checker.Unknown, err.Error()
	}
	p.scene.log.Add(e)
	return status
}

func (p *poster) try(e *checker.Event) (int, error) {
	body, err := json.Marshal(map[string]string{"channel": e.Channel, "data": e.Data})
	if err != nil {
		return 0, err
	}
	resp, err := caller.Post(p.url+"/publish", "application/json", bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return resp.StatusCode, fmt.Errorf("answered %s", resp.Status)
	}
	var done protocol.PublishResponse
	if err := json.NewDecoder(resp.Body).Decode(&done); err != nil {
		return resp.StatusCode, err
	}
	e.Kind, e.Epoch, e.Offset, e.ID, e.Duplicate = checker.Ack, done.Epoch, done.Offset, done.ID, done.Duplicate
	return resp.StatusCode, nil
}
