package playground

import (
	"context"
	"errors"
	"strconv"
	"strings"

	"fanlight/shared/client"
	"fanlight/shared/protocol"
)

// explain puts an error into words for whoever sits at the page.
func (d Desk) explain(err error) string {
	var refused *protocol.Error
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return "No answer came in time. It may have arrived: look before you send it again."
	case errors.Is(err, client.ErrQueueFull):
		return "Too many messages wait for the connection already."
	case errors.As(err, &refused) && refused.Code == protocol.CodePermission:
		as := "Without a token"
		if d.user != "" {
			as = "As " + d.user
		}
		return as + " you " + refused.Message + " (permission_denied)."
	case errors.As(err, &refused) && refused.At > 0:
		return sentence(refused.Message) + " See character " + strconv.Itoa(refused.At) + " (" + string(refused.Code) + ")."
	case errors.As(err, &refused):
		return sentence(refused.Message) + " (" + string(refused.Code) + ")"
	case errors.Is(err, client.ErrClosed):
		return "The connection was closed before the answer came."
	default:
		return sentence(err.Error())
	}
}

// sentence makes one of an error's text.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	text = strings.ToUpper(text[:1]) + text[1:]
	if !strings.HasSuffix(text, ".") {
		text += "."
	}
	return text
}
