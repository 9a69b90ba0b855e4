package chat

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
)

func expect(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// linked writes the links of a text in brackets.
func linked(text string) string {
	var b strings.Builder
	for _, p := range Parts(text) {
		if p.Link {
			fmt.Fprintf(&b, "⟨%s⟩", p.Text)
		} else {
			b.WriteString(p.Text)
		}
	}
	return b.String()
}

func TestAddressesAreFoundInATextAndNothingElseIs(t *testing.T) {
	for _, want := range []string{
		"",
		"nothing here: really",
		"⟨https://example.com⟩",
		"see ⟨http://example.com/a?b=1&c#d⟩, or ⟨HTTPS://EXAMPLE.COM/⟩.",
		"(⟨https://en.example.org/wiki/Fan_(light)⟩)",
		"“⟨https://example.com/⟩”",
		"⟨https://[::1]:8000/x⟩",
		"⟨https://bücher.example/ä⟩!",
		"⟨https://a.example⟩ ⟨https://b.example⟩",
		"javascript:alert(1) data:text/html,x file:///etc/passwd ftp://x.example",
		"xhttps://example.com",
		"https:// https://. https:///x http://?",
		"https://bank.example@evil.example/",
		"⟨https://example.com/⟩<script>",
		"⟨https://example.com/⟩\u202etxt",
		"⟨https://example.com/⟩\"onclick=\"x",
	} {
		text := strings.NewReplacer("⟨", "", "⟩", "").Replace(want)
		expect(t, "links", linked(text), want)
	}
	many := strings.Repeat("https://a.example ", 3*maxLinks)
	expect(t, "how many there may be", strings.Count(linked(many), "⟨"), maxLinks)
}

func FuzzThePartsOfATextAreTheText(f *testing.F) {
	f.Add("a https://b.example/c). d://")
	f.Add("\xff:http://\xff")
	f.Fuzz(func(t *testing.T, text string) {
		whole := ""
		for _, p := range Parts(text) {
			whole += p.Text
			if lower := strings.ToLower(p.Text); p.Link && !strings.HasPrefix(lower, "http://") && !strings.HasPrefix(lower, "https://") {
				t.Errorf("%q is a link", p.Text)
			}
		}
		if whole != text {
			t.Errorf("%q became %q", text, whole)
		}
	})
}
