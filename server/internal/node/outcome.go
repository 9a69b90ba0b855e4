package node

import "fanlight/shared/protocol"

// What becomes of a publish that goes well.
const (
	Taken            = "taken"
	outcomeDuplicate = "duplicate"
)

// Outcomes are what may become of a publish, in the words of [Config.Published]:
// it is taken, or found to have been taken before, or fails with one of these codes.
func Outcomes() []string {
	return []string{
		Taken, outcomeDuplicate, string(protocol.CodeBadRequest), string(protocol.CodeChannelInvalid),
		string(protocol.CodeDataInvalid), string(protocol.CodeInvalidUTF8), string(protocol.CodeTagsInvalid), string(protocol.CodeTooLarge),
		string(protocol.CodePermission), string(protocol.CodeRateLimited), string(protocol.CodeUnavailable), string(protocol.CodeInternal),
	}
}

func outcome(published protocol.Published, err error) string {
	switch {
	case err != nil:
		return string(codeOf(err))
	case published.Duplicate:
		return outcomeDuplicate
	default:
		return Taken
	}
}
