package monitor

import (
	"strconv"

	"github.com/maxence-charriere/go-app/v10/pkg/app"

	"fanlight/app/internal/browser"
)

// fresh is how old an alert may be that one is notified of, in milliseconds: on
// entry the last five minutes are judged too.
const fresh = 15 * second

// change goes over to other alerts or thresholds.
func (p *Page) change(ctx app.Context, change func(Alerts) Alerts) {
	ctx.PreventUpdate()
	p.state.Alerts = change(p.state.Alerts)
	p.show(false)
	p.watch.draw()
}

// keep stores the alerts when they have changed. Which samples were judged
// changes each second: that is stored with the next change, and when one leaves.
func (p *Page) keep() {
	if sameAlerts(p.state.Alerts.List, p.kept.List) && sameRules(p.state.Alerts.Rules, p.kept.Rules) {
		return
	}
	p.store()
}

func (p *Page) store() {
	p.kept = p.state.Alerts
	browser.Local.Set(alertsKey, p.kept.Keep())
}

// meet takes over what another tab of this browser has stored.
func (p *Page) meet() {
	p.state.Alerts = p.state.Alerts.Meet(browser.Local.Get(alertsKey))
	p.kept = p.state.Alerts // it comes from there
	p.show(false)
}

// wish takes whether somebody wants to be notified, and asks the browser if it
// has not been asked.
func (p *Page) wish(ctx app.Context, yes bool) {
	p.watch.notify = yes
	browser.Local.Set(notifyKey, map[bool]string{true: "yes", false: "no"}[yes])
	if !yes || p.watch.permit == browser.PermissionGranted {
		return
	}
	browser.AskNotifications(func(permit browser.Permission) {
		ctx.Dispatch(func(app.Context) {
			p.watch.permit = permit
			p.watch.redraw(nil)
		})
	})
}

// notify tells of the newest alerts, if somebody wants that.
func (p *Page) notify(raised int) {
	if raised <= 0 || !p.watch.notify || p.watch.permit != browser.PermissionGranted {
		return
	}
	var all []*Alert
	for i := range min(raised, len(p.state.Alerts.List)) {
		if a := &p.state.Alerts.List[i]; p.now()-a.Since < fresh && a.Until == 0 {
			all = append(all, a)
		}
	}
	switch {
	case len(all) == 1:
		browser.Notify(all[0].ID(), "Fanlight", all[0].Words())
	case len(all) > 1:
		browser.Notify("alerts", "Fanlight", strconv.Itoa(len(all))+" alerts: "+all[0].Words()+", and more")
	}
}
