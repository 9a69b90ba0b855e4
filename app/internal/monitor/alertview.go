package monitor

import (
	"strconv"
	"strings"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"fanlight/app/internal/browser"
	"fanlight/app/ui/tag"
)

// watch draws [Alerts], and the thresholds.
type watch struct {
	app.Compo
	leaf

	alerts  Alerts
	now     int64
	problem string // with a threshold
	permit  browser.Permission
	notify  bool // somebody wants to be notified
	said    string
	// change has the page go over to other alerts.
	change func(ctx app.Context, change func(Alerts) Alerts)
	// wish takes whether somebody wants to be notified.
	wish func(ctx app.Context, yes bool)
}

// show takes in the state. What was raised since is announced, once.
func (w *watch) show(a Alerts, now int64) {
	if sameAlerts(a.List, w.alerts.List) && sameRules(a.Rules, w.alerts.Rules) {
		return
	}
	if fresh := a.Raised - w.alerts.Raised; fresh == 1 && len(a.List) > 0 {
		w.said = "Alert: " + a.List[0].Words()
	} else if fresh > 1 {
		w.said = strconv.Itoa(fresh) + " alerts"
	}
	w.alerts, w.now = a, now
	w.draw()
}

// draw renders. The focus stays with the alert that has it while others come
// above it: what is acknowledged is what somebody was at.
func (w *watch) draw() {
	held := browser.Focused()
	instead := []string{"alerts", "alerts-notify"}
	if strings.HasPrefix(held.ID, "remove-") {
		instead = []string{"rule-key"}
	}
	w.redraw(func() { held.Keep(instead...) })
}

// sameAlerts compares slices that are never changed once they are another's.
func sameAlerts(a, b []Alert) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

func sameRules(a, b []Rule) bool {
	return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0])
}

// Render implements [app.Composer].
func (w *watch) Render() app.UI {
	open, unseen := w.alerts.Open()
	words := "Nothing is wrong, as far as your thresholds say."
	if open > 0 {
		words = plural(open, "alert") + " now, " + strconv.Itoa(unseen) + " of them not acknowledged."
	}
	items := make([]app.UI, len(w.alerts.List))
	for i := range items {
		items[i] = w.renderAlert(&w.alerts.List[i])
	}
	return tag.Box("div.mon-watch",
		tag.In(tag.El("section.panel.mon-alerts", "aria-labelledby", "mon-alerts-title"),
			tag.Box("div.mon-head",
				tag.Words("h2#mon-alerts-title", "Alerts"),
				button("button#alerts-clear.small", "Clear those that are over", "", w.mounted && len(items) > open).
					OnClick(func(ctx app.Context, _ app.Event) { w.change(ctx, Alerts.Clear) }),
			),
			tag.Words("p#alerts-words.hint", words),
			tag.In(tag.El("ol#alerts.mon-list", "tabindex", "0", "aria-label", "Alerts, the newest first"), items...),
			tag.Words("p#alerts-said.unseen", w.said, "role", "log", "aria-live", "polite"),
			w.renderNotify(),
		),
		w.renderRules(),
	)
}

// button is one that may be out of order; its label is for ears, "" if that is
// its text.
func button(spec, text, label string, on bool) app.HTMLElem {
	return tag.El(spec, "type", "button", "aria-label", label, "disabled", tag.Yes(!on)).Text(text)
}

func (w *watch) renderAlert(a *Alert) app.UI {
	state, when := "lasts", "since "+day(a.Since, w.now)
	if a.Until != 0 {
		state, when = "over", day(a.Since, w.now)+" to "+clock(a.Until)+", "+lasted(a.Since, a.Until)
	}
	id, text, label := a.ID(), "Acknowledge", "Acknowledge: "+a.Words()
	if a.Acked {
		text, label = "Acknowledged", "Acknowledged: "+a.Words()
	}
	return tag.In(tag.El("li.mon-alert.is-"+state, "data-rule", a.Rule.Key, "data-node", a.Node, "data-state", state,
		"data-acked", strconv.FormatBool(a.Acked)),
		tag.Words("span.mon-what", a.Words()),
		tag.Words("span.hint", when),
		// Not disabled, which would take the focus along.
		button("button.small.mon-ack", text, label, true).ID("ack-"+id).Attr("aria-disabled", strconv.FormatBool(a.Acked)).OnClick(func(ctx app.Context, _ app.Event) {
			w.change(ctx, func(a Alerts) Alerts { return a.Ack(id) })
		}, app.EventScope(id)),
	)
}

// renderNotify is the button that asks, and what the browser says to it. The
// browser is asked when somebody wants it, and never otherwise.
func (w *watch) renderNotify() app.UI {
	text, words, may := "Notify me", "Ask the browser to tell of alerts while this tab is out of sight.", true
	switch {
	case w.permit == browser.PermissionNone:
		words, may = "This browser can't notify from here: it takes https, or an address of this machine.", false
	case w.permit == browser.PermissionDenied:
		words, may = "The browser does not let this site notify. Allow it in the site's settings, and load this page again.", false
	case w.permit == browser.PermissionGranted && w.notify:
		text, words = "Stop notifying", "The browser tells of new alerts while this tab is open."
	}
	return tag.Box("div.mon-notify",
		button("button#alerts-notify.small", text, "", w.mounted && may).OnClick(func(ctx app.Context, _ app.Event) {
			w.wish(ctx, w.permit != browser.PermissionGranted || !w.notify)
		}),
		tag.Words("p#notify-words.hint", words, "role", "status", "data-permission", string(w.permit)),
	)
}

func (w *watch) renderRules() app.UI {
	rules := make([]app.UI, len(w.alerts.Rules))
	for i, r := range w.alerts.Rules {
		rules[i] = tag.In(tag.El("li.mon-rule", "data-rule", r.Key),
			tag.Words("span", r.Words()),
			button("button.small", "Remove", "Remove: "+r.Words(), w.mounted).ID("remove-"+r.ID()).OnClick(func(ctx app.Context, _ app.Event) {
				w.change(ctx, func(a Alerts) Alerts { return a.Remove(r, w.now) })
			}, app.EventScope(r.Words())),
		)
	}
	disabled := tag.Yes(!w.mounted)
	return tag.In(tag.El("section.panel.mon-rules", "aria-labelledby", "mon-rules-title"),
		tag.Words("h2#mon-rules-title", "Thresholds"),
		tag.Words("p.hint", "This browser keeps them. An alert is raised once, and is over when its cause has been for five seconds."),
		tag.Box("ul#rules.mon-list", rules...),
		tag.In(tag.El("form#rule-form.mon-form").OnSubmit(w.onAdd),
			field("rule-key", "Raise an alert for", tag.In(tag.El("select#rule-key", "disabled", disabled), options()...)),
			field("rule-way", "when it is", tag.In(tag.El("select#rule-way", "disabled", disabled), option("over", "over"), option("under", "under"))),
			field("rule-value", "this", tag.Input().ID("rule-value").Attr("type", "number").Attr("min", "0").Attr("step", "any").
				Attr("value", "100").Attr("aria-describedby", "rule-problem").Attr("disabled", disabled)),
			tag.Words("button#rule-add.primary", "Add", "type", "submit", "disabled", disabled),
			tag.Words("p#rule-problem.problem", w.problem, "role", "alert"),
		),
	)
}

func field(id, label string, input app.UI) app.UI {
	return tag.Box("div", tag.Words("label", label, "for", id), input)
}

func option(value, text string) app.UI { return tag.Words("option", text, "value", value) }

func options() []app.UI {
	var all []app.UI
	for i := range metrics {
		name := metrics[i].Name
		if metrics[i].Measure != "" {
			name += ", " + metrics[i].Measure
		}
		all = append(all, option(metrics[i].Key, name))
	}
	return append(all, option(KeyAway, Rule{Key: KeyAway}.Words()), option(KeySilent, Rule{Key: KeySilent}.Words()))
}

func (w *watch) onAdd(ctx app.Context, e app.Event) {
	e.PreventDefault()
	value := func(id string) string { return app.Window().GetElementByID(id).Get("value").String() }
	r := Rule{Key: value("rule-key"), Below: value("rule-way") == "under"}
	if r.Key == KeyAway || r.Key == KeySilent {
		r.Below = false // they either are or are not
	} else {
		var err error
		if r.Value, err = strconv.ParseFloat(value("rule-value"), 64); err != nil {
			r.Value = -1 // no number
		}
	}
	w.change(ctx, func(a Alerts) Alerts {
		a, w.problem = a.Add(r)
		return a
	})
}
