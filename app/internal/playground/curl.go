package playground

import (
	"encoding/json"
	"strings"

	"fanlight/shared/protocol"
)

// Curl returns the command that publishes data on a channel through the HTTP
// API of the server at origin, for a POSIX shell.
func Curl(origin, channel string, data json.RawMessage) string {
	body := `{"channel":` + string(protocol.Text(channel)) + `,"data":` + string(data) + `}`
	return "curl " + origin + "/publish -H 'Content-Type: application/json' -d " + quote(body)
}

// quote makes one word of a text for a POSIX shell.
func quote(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
