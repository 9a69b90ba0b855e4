package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"fanlight/server/internal/limit"
)

// value is a setting's, as text. What String returns, Set takes.
type value interface {
	Set(text string) error
	String() string
}

type textValue struct{ to *string }

func (v textValue) Set(s string) error { *v.to = s; return nil }
func (v textValue) String() string     { return *v.to }

// secretValue is a text that is never shown.
type secretValue struct{ textValue }

func (secretValue) String() string { return "" }

type oneOf struct {
	textValue
	known []string
}

func (v oneOf) Set(s string) error {
	for _, k := range v.known {
		if s == k {
			return v.textValue.Set(s)
		}
	}
	return fmt.Errorf("%.60q is not %s", s, strings.Join(v.known, " or "))
}

type levelValue struct{ to *slog.Level }

func (v levelValue) Set(s string) error {
	if v.to.UnmarshalText([]byte(s)) != nil {
		return fmt.Errorf("%.60q is not debug, info, warn or error", s)
	}
	return nil
}

func (v levelValue) String() string { return strings.ToLower(v.to.String()) }

type boolValue struct{ to *bool }

func (v boolValue) Set(s string) error {
	b, err := strconv.ParseBool(s)
	if err != nil {
		return fmt.Errorf("%.60q is not true or false", s)
	}
	*v.to = b
	return nil
}

func (v boolValue) String() string {
	if *v.to {
		return "true"
	}
	return ""
}

type listValue struct{ to *[]string }

func (v listValue) Set(s string) error {
	*v.to = nil
	for item := range strings.SplitSeq(s, ",") {
		if item = strings.TrimSpace(item); item != "" {
			*v.to = append(*v.to, item)
		}
	}
	return nil
}

func (v listValue) String() string { return strings.Join(*v.to, ",") }

type proxiesValue struct{ to *[]netip.Prefix }

func (v proxiesValue) Set(s string) (err error) {
	*v.to, err = limit.ParseProxies(s)
	return err
}

func (proxiesValue) String() string { return "" }

// none is what a limit says that isn't one.
const none = "none"

var errZero = errors.New(`0 lets nothing through; "none" is no limit`)

// numberValue is a limit that is a number.
type numberValue struct{ to *int }

func (v numberValue) Set(s string) error { return setLimit(v.to, s, strconv.Atoi, "a whole number") }
func (v numberValue) String() string     { return strconv.Itoa(*v.to) }

// sizeValue is a limit that is a number of bytes.
type sizeValue struct{ to *int }

func (v sizeValue) Set(s string) error {
	return setLimit(v.to, s, parseSize, "a number of bytes, such as 65536 or 64KiB")
}
func (v sizeValue) String() string { return formatSize(*v.to) }

// timeValue is a limit that is a time.
type timeValue struct{ to *time.Duration }

func (v timeValue) Set(s string) error {
	return setLimit(v.to, s, time.ParseDuration, "a time, such as 5s or 1m30s")
}
func (v timeValue) String() string { return v.to.String() }

func setLimit[T int | time.Duration](to *T, s string, parse func(string) (T, error), what string) error {
	if s == none {
		*to = -1
		return nil
	}
	n, err := parse(s)
	switch {
	case err != nil:
		return fmt.Errorf("%.60q is not %s", s, what)
	case n == 0:
		return errZero
	case n < 0:
		n = -1
	}
	*to = n
	return nil
}

var units = []struct {
	name string
	size int
}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}}

func parseSize(s string) (int, error) {
	for _, u := range units {
		if number, found := strings.CutSuffix(s, u.name); found {
			n, err := strconv.Atoi(strings.TrimSpace(number))
			if err != nil || n > 1<<20 {
				return 0, errors.New("too large")
			}
			return n * u.size, nil
		}
	}
	return strconv.Atoi(s)
}

func formatSize(n int) string {
	for _, u := range units {
		if n > 0 && n%u.size == 0 {
			return strconv.Itoa(n/u.size) + u.name
		}
	}
	return strconv.Itoa(n)
}
