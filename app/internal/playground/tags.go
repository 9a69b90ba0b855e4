package playground

import (
	"encoding/json"
	"math"
	"slices"
	"strconv"
	"strings"

	"fanlight/shared/protocol"
)

// ReadTags reads tags as somebody types them: level=warn cpu=93.5 room="a b".
// What is a number in JSON is a number, unless it stands in quotes. The problem
// says what is wrong; it is empty when nothing is.
func ReadTags(text string) (tags protocol.Tags, problem string) {
	const blanks = " \t\n,"
	for rest := strings.TrimLeft(text, blanks); rest != ""; rest = strings.TrimLeft(rest, blanks) {
		end := strings.IndexAny(rest, "="+blanks)
		if end < 0 || rest[end] != '=' {
			word, _, _ := strings.Cut(rest, " ")
			return nil, "A tag is written name=value, unlike “" + word + "”."
		}
		name := rest[:end]
		var value any
		value, rest, problem = readValue(rest[end+1:], blanks)
		if problem != "" {
			return nil, "The tag " + name + ": " + problem
		}
		if _, twice := tags[name]; twice {
			return nil, "The tag " + name + " is there twice."
		}
		if tags == nil {
			tags = protocol.Tags{}
		}
		tags[name] = value
	}
	if err := tags.Check(); err != nil {
		return nil, Desk{}.explain(err)
	}
	return tags, ""
}

func readValue(text, blanks string) (value any, rest, problem string) {
	if quoted, err := strconv.QuotedPrefix(text); err == nil && text[0] == '"' {
		value, _ := strconv.Unquote(quoted) // it was looked at already
		return value, text[len(quoted):], ""
	} else if strings.HasPrefix(text, `"`) {
		return nil, "", "the quotes do not end."
	}
	end := strings.IndexAny(text, blanks)
	if end < 0 {
		end = len(text)
	}
	word := text[:end]
	if n, ok := number64(word); ok {
		return n, text[end:], ""
	}
	return word, text[end:], ""
}

// number64 reads what JSON takes for a number.
func number64(word string) (float64, bool) {
	n, err := strconv.ParseFloat(word, 64)
	return n, err == nil && !math.IsInf(n, 0) && !math.IsNaN(n) && json.Valid([]byte(word))
}

// WriteTags writes tags as [ReadTags] takes them, in order of their names.
func WriteTags(tags protocol.Tags) []string {
	if len(tags) == 0 {
		return nil
	}
	words := make([]string, 0, len(tags))
	for name, value := range tags {
		word := ""
		switch v := value.(type) {
		case float64:
			word = strconv.FormatFloat(v, 'g', -1, 64)
		case string:
			word = v
			if _, number := number64(v); number || v == "" || strings.ContainsAny(v, " \t\n,\"") {
				word = strconv.Quote(v)
			}
		}
		words = append(words, name+"="+word)
	}
	slices.Sort(words)
	return words
}
