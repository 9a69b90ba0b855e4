package chat

import (
	"strings"

	"fanlight/app/internal/address"
	"fanlight/shared/demo"
)

// DefaultRoom is where one goes who names no room.
const DefaultRoom = "lobby"

// roomPath is the address of a room, before its name.
const roomPath = "/chat/"

// chatChannel and typingChannel are those of a room.
func chatChannel(room string) string   { return demo.ChatSpace + ":" + room }
func typingChannel(room string) string { return demo.TypingSpace + ":" + room }

// CheckRoom makes a room's name of what somebody typed, or says what is wrong.
func CheckRoom(typed string) (room, problem string) {
	room = strings.TrimSpace(typed)
	switch {
	case room == "":
		return "", "Give the room a name first."
	case address.ValidName(room):
		return room, ""
	}
	problem = "A room's name is of a to z, 0 to 9 and _ . -, begins with one of the first two, and is no longer than 64."
	if near := strings.ReplaceAll(strings.ToLower(room), " ", "-"); near != room && address.ValidName(near) {
		problem += " “" + near + "” would do."
	}
	return "", problem
}
