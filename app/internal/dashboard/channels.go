package dashboard

import (
	"fanlight/app/internal/browser"
	"fanlight/shared/client"
	"fanlight/shared/demo"
	"fanlight/shared/protocol"
)

// channels are all that the page listens to.
func (p *Page) channels() []string {
	all := []string{demo.QuotesChannel, demo.CandlesChannel}
	for i := range p.fleet.Gauges {
		all = append(all, p.fleet.Gauges[i].Channel())
	}
	return all
}

// listen begins a little in the past: so a chart has its history at once, also
// after a reload, and there is no hole between that and what comes live.
func (p *Page) listen(names ...string) {
	for _, name := range names {
		from := client.SubscribeOptions{Rewind: &protocol.Rewind{Count: maxShown}}
		switch name {
		case demo.QuotesChannel:
			from.Rewind.Count = protocol.MaxRewind
			from.Filter = p.watch.Filter()
		case demo.CandlesChannel:
			from.Rewind.Count = min(maxCandles*len(p.market.Tickers), protocol.MaxRewind)
		}
		if err := p.link.SubscribeWith(name, from); err != nil {
			p.market.Problem = err.Error()
		}
	}
}

// rewatch has the server send the quotes of other symbols: of fewer, from where
// the tab stands; of more, from a little in the past, since it does not have
// what was left out. What comes twice is taken once.
func (p *Page) rewatch(next Watch) {
	from := client.SubscribeOptions{Filter: next.Filter()}
	since, begun := p.link.Positions()[demo.QuotesChannel]
	if begun && (next.Within(p.watch) || p.fleet.Away) {
		from.Since = &since
	} else {
		from.Rewind = &protocol.Rewind{Count: protocol.MaxRewind}
	}
	p.watch = next
	browser.Session.Set(watchKey, next.String())
	p.market.Rebegin(from.Since)
	// It is not there when it was refused.
	_ = p.link.Unsubscribe(demo.QuotesChannel)
	if err := p.link.SubscribeWith(demo.QuotesChannel, from); err != nil {
		p.market.Problem = err.Error()
	}
}
