package monitor

import (
	"strings"
	"testing"

	"fanlight/shared/ops"
)

// draw makes a chart in which a second is 10 pixels, and its plot 100 high.
func draw(f Fleet, key string, from, seconds int64) Drawing {
	c := Chart{ID: key, Title: "Title", Metrics: []*Metric{metric(key)}}
	at := start + from*second
	return Draw(c, f, f.Away(), at, at+seconds*second, marginLeft+marginRight+float64(10*seconds), marginTop+marginBottom+100)
}

func TestALineBreaksWhereASampleIsMissing(t *testing.T) {
	f := Fleet{}.Take([]News{
		sample("a", 1, connections(0)), sample("a", 2, connections(4)),
		sample("a", 5, connections(2)), // alone
		sample("a", 8, connections(4)), sample("a", 9, connections(0)),
	})
	d := draw(f, "connections", 0, 10)
	want := "M66.0 108.0L66.0 108.0L76.0 8.0" + "M106.0 58.0L106.0 58.0" + "M136.0 8.0L136.0 8.0L146.0 108.0"
	if len(d.Lines) != 1 || d.Lines[0].Path != want {
		t.Errorf("the lines are %+v", d.Lines)
	}
	if d.Levels[2].Text != "4" || d.Levels[2].At != marginTop || d.Levels[0].At != marginTop+100 {
		t.Errorf("the levels are %+v", d.Levels)
	}
	if want := "Title, the last 10 s. a, Connections now 0, least 0, most 4."; d.Words != want {
		t.Errorf("it says %q", d.Words)
	}
}

func TestARateHasNoPointBehindAHole(t *testing.T) {
	f := Fleet{}.Take([]News{sample("a", 1, sent(0)), sample("a", 2, sent(4)), sample("a", 6, sent(400)), sample("a", 7, sent(404))})
	if path := draw(f, "sent", 0, 10).Lines[0].Path; path != "M76.0 8.0L76.0 8.0M126.0 8.0L126.0 8.0" {
		t.Errorf("it is %s", path)
	}
}

func TestAnOutageIsShadedAndSaid(t *testing.T) {
	all := []News{sample("a", 1), sample("b", 1)}
	for s := int64(2); s < 6; s++ {
		all = append(all, sample("a", s, without).after(6-s))
		all = append(all, sample("b", s, func(sample *ops.Sample) { sample.Ready = s != 3 }))
	}
	all = append(all, sample("a", 6), sample("b", 6))
	d := draw(Fleet{}.Take(all), "connections", 0, 10)
	if len(d.Away) != 1 || d.Away[0].X != marginLeft+10 || d.Away[0].Width != 50 || d.Away[0].Text != "Redis away" {
		t.Errorf("it is shaded in %+v", d.Away)
	}
	if !strings.Contains(d.Words, "Redis away "+clock(start+second)+" to "+clock(start+6*second)) {
		t.Errorf("it says %q", d.Words)
	}
	only := Fleet{}.Take([]News{sample("a", 1), sample("a", 2, without), sample("a", 3), sample("b", 1), sample("b", 2), sample("b", 3)})
	if d := draw(only, "connections", 0, 10); len(d.Away) != 1 || d.Away[0].Text != "Redis away from a" {
		t.Errorf("one relay's is shaded in %+v", d.Away)
	}
}

func TestAChartShowsAsManyMinutesAsThereAreSamplesFor(t *testing.T) {
	f := Fleet{}.Take([]News{sample("a", 0)})
	for age, want := range map[int64]int64{0: 60, 60: 60, 61: 120, 121: 300, 900: 300} {
		if got := f.Span(start + age*second); got != want*second {
			t.Errorf("after %d s it is %d", age, got)
		}
	}
}

func TestNumbersAreShort(t *testing.T) {
	for _, c := range []struct {
		u    unit
		v    float64
		want string
	}{
		{plain, 0, "0"},
		{plain, 9999, "9999"},
		{plain, 12345, "12 k"},
		{plain, 2.5e6, "2.5 M"},
		{rate, 0.5, "0.5/s"},
		{rate, 3.14, "3.1/s"},
		{bytes, 900, "900 B"},
		{bytes, 1 << 20, "1 MB"},
		{bytes, 3 << 30, "3 GB"},
		{byterate, 1536, "1.5 KB/s"},
		{micros, 250, "0.25 ms"},
		{micros, 51_300, "51 ms"},
		{percent, 12.6, "13 %"},
	} {
		if got := c.u.put(c.v); got != c.want {
			t.Errorf("%v is %q, not %q", c.v, got, c.want)
		}
	}
}
