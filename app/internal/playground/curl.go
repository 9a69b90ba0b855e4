package playground

import (
	"encoding/json"
	"strings"

	"fanlight/shared/protocol"
)

// Curl returns the command that publishes data on a channel, with tags if there
// are any, through the HTTP API of the server at origin, for a POSIX shell.
func Curl(origin, channel string, data json.RawMessage, tags protocol.Tags) string {
	body := `{"channel":` + string(protocol.Text(channel)) + `,"data":` + string(data)
	if len(tags) > 0 {
		body += `,"tags":` + string(tags.JSON())
	}
	body += `}`
	return "curl " + origin + "/publish -H 'Content-Type: application/json' -d " + quote(body)
}

// quote makes one word of a text for a POSIX shell.
func quote(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
