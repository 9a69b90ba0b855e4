package demo

// The namespaces of the chat's channels; a room's name follows after a colon.
const (
	// ChatSpace has what is said: [ChatMessage].
	ChatSpace = "chat"
	// TypingSpace has who types, live and worth nothing later: [ChatTyping].
	TypingSpace = "typing"
)

// ChatMessage is something that somebody said in a room. Any other program may
// publish there too; a plain JSON string counts as said by nobody in particular.
type ChatMessage struct {
	// ID is the message's own, and the key that it is published with: so a tab
	// knows its own messages when they come back, and may send one again.
	ID string `json:"id"`
	// From is who said it, by their own account.
	From string `json:"from"`
	Text string `json:"text"`
}

// ChatTyping says that somebody types. Whoever hears it takes it back by itself
// when nothing follows.
type ChatTyping struct {
	// Tab tells tabs of one name apart.
	Tab  string `json:"tab"`
	From string `json:"from"`
}
