package auth

import (
	"time"

	"fanlight/shared/channel"
	"fanlight/shared/protocol"
)

// demoAge is how long a demo identity's token is good: short, so that one sees
// it being renewed.
const demoAge = 5 * time.Minute

// demos are the identities of a server without configuration.
var demos = []struct {
	protocol.Identity
	grants string
}{
	{
		protocol.Identity{Name: "reader", About: "reads every channel, and publishes to none"},
		`{"#": ["subscribe", "history", "presence"]}`,
	},
	{
		protocol.Identity{Name: "writer", About: "reads every channel and publishes to each"},
		`{"#": ["subscribe", "publish", "history", "presence"]}`,
	},
	{
		protocol.Identity{Name: "chatter", About: "may do everything on chat:…, and nothing elsewhere"},
		`{"chat:*": ["subscribe", "publish", "history", "presence"]}`,
	},
	{
		protocol.Identity{Name: "alice", About: "reads every channel but those of other users, and publishes to user:alice and below"},
		`{"*": ["subscribe", "history", "presence"], "chat:#": ["subscribe", "history", "presence"], "user:{sub}:#": ["subscribe", "publish", "history", "presence"]}`,
	},
	{
		protocol.Identity{Name: "watchman", About: `reads every channel, but only what is tagged level "warn" or "error"`},
		`{"#": {"ops": ["subscribe", "history", "presence"], "filter": "level in [\"warn\", \"error\"]"}}`,
	},
}

// Identities returns the demo identities; none unless the authority is open and
// was told to offer them.
func (a *Authority) Identities() []protocol.Identity {
	all := []protocol.Identity{}
	if a.demo != "" {
		for _, d := range demos {
			all = append(all, d.Identity)
		}
	}
	return all
}

// Mint returns a token for a demo identity, good for five minutes. The error is
// a *[protocol.Error], not_found for an identity that is not there.
func (a *Authority) Mint(name string) (protocol.TokenResponse, error) {
	if a.demo != "" {
		for _, d := range demos {
			if d.Name == name {
				return a.mint(name, d.grants)
			}
		}
	}
	return protocol.TokenResponse{}, &protocol.Error{Code: protocol.CodeNotFound, Message: "there is no such identity", Field: "name"}
}

func (a *Authority) mint(name, grants string) (protocol.TokenResponse, error) {
	var g channel.Grants
	if err := g.UnmarshalJSON([]byte(grants)); err != nil {
		return protocol.TokenResponse{}, err
	}
	now := time.Now().Truncate(time.Second)
	until := now.Add(demoAge)
	token, err := Token{Subject: name, Issued: now, Expires: until, Grants: g}.Sign(a.demo)
	return protocol.TokenResponse{Token: token, Expires: until.UnixMicro()}, err
}
