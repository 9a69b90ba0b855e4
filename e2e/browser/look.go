package browser

import (
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// Prefer has the page see what somebody prefers, by CSS media features: their
// names and values in turn, as in "prefers-color-scheme", "dark". It takes the
// place of what was preferred before.
func (p *Page) Prefer(t testing.TB, features ...string) {
	t.Helper()
	var params emulation.SetEmulatedMediaParams
	for i := 0; i+1 < len(features); i += 2 {
		params.Features = append(params.Features, &emulation.MediaFeature{Name: features[i], Value: features[i+1]})
	}
	if _, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, params); err != nil {
		t.Fatal(err)
	}
}

// Size gives the page another viewport, in CSS pixels.
func (p *Page) Size(t testing.TB, width, height int64) {
	t.Helper()
	p.Do(t, chromedp.EmulateViewport(width, height))
}

// Picture returns the whole page, also what is out of sight, as a PNG.
func (p *Page) Picture(t testing.TB) []byte {
	t.Helper()
	png, err := chromedp.Run(p.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		t.Fatal(err)
	}
	return png
}
