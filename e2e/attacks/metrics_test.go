package attacks_test

import (
	"io"
	"net/http"
	"regexp"
	"strconv"
)

// refusals returns how often a limit refused something.
func (s *site) refusals(limit string) int {
	s.Helper()
	for series, n := range s.allRefusals() {
		if series == limit {
			return n
		}
	}
	s.Fatalf("no metric counts what %s refuses", limit)
	return 0
}

// metrics returns what the program tells its operators.
func (s *site) metrics() string {
	s.Helper()
	resp, err := http.Get("http://" + s.ops + "/metrics")
	if err != nil {
		s.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		s.Fatal(err)
	}
	return string(text)
}

// held returns how many WebSockets and event streams there are.
func (s *site) held() int {
	s.Helper()
	m := regexp.MustCompile(`(?m)^fanlight_connections (\d+)$`).FindStringSubmatch(s.metrics())
	if m == nil {
		s.Fatal("no metric counts the connections")
	}
	n, err := strconv.Atoi(m[1])
	if err != nil {
		s.Fatal(err)
	}
	return n
}

func (s *site) allRefusals() map[string]int {
	s.Helper()
	all := make(map[string]int)
	for _, m := range regexp.MustCompile(`(?m)^fanlight_limit_refusals_total\{limit="(\w+)"\} (\S+)$`).FindAllStringSubmatch(s.metrics(), -1) {
		n, err := strconv.ParseFloat(m[2], 64)
		if err != nil {
			s.Fatal(err)
		}
		all[m[1]] = int(n)
	}
	return all
}
