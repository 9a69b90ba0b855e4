package address

import (
	"strings"
	"testing"

	"fanlight/shared/channel"
)

func TestNamesInAddressesAreSegmentsOfChannels(t *testing.T) {
	for name, want := range map[string]bool{
		"lobby": true, "a": true, "7": true, "team-1.x_y": true, strings.Repeat("x", MaxName): true,
		"": false, "A": false, "a:b": false, "a/b": false, "-a": false, ".": false, "..": false, "a b": false, "é": false,
		"{room}": false, "a\n": false, "%2e": false, strings.Repeat("x", MaxName+1): false,
	} {
		if ValidName(name) != want {
			t.Errorf("%q: %v", name, !want)
		}
		if want && channel.Validate("typing:"+name) != nil {
			t.Errorf("%q fits into no channel name", name)
		}
	}
}

func TestAddressesOfAPattern(t *testing.T) {
	for _, c := range []struct {
		pattern, path, name string
		ok                  bool
	}{
		{"/", "/", "", true},
		{"/", "/x", "", false},
		{"/playground", "/playground", "", true},
		{"/playground", "/playground/", "", false},
		{"/chat/{room}", "/chat/lobby", "lobby", true},
		{"/chat/{room}", "/chat/", "", false},
		{"/chat/{room}", "/chat", "", false},
		{"/chat/{room}", "/chat/a/b", "", false},
		{"/chat/{room}", "/chat/Lobby", "", false},
		{"/chat/{room}", "/chat/{room}", "", false},
		{"/chat/{room}", "/game/lobby", "", false},
	} {
		if name, ok := Match(c.pattern, c.path); name != c.name || ok != c.ok {
			t.Errorf("%s as %s: %q, %v", c.path, c.pattern, name, ok)
		}
	}
}
