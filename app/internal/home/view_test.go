package home

import (
	"testing"

	"fanlight/app/internal/live"
)

func TestHowItWorksShowsLinesThatAreThere(t *testing.T) {
	for _, s := range New(&live.Link{}, nil).about().Sources {
		if s.Text == "" {
			t.Errorf("nothing is shown for %q", s.Title)
		}
	}
}
