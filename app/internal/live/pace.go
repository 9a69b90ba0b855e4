package live

import (
	"sync"
	"time"

	"github.com/maxence-charriere/go-app/v10/pkg/app"
)

// patience is how long a frame may be late before a timer does its work: the
// tab is hidden then, or the page is very busy.
const patience = 250 * time.Millisecond

// pace calls a function once before the next painted frame, for each time it
// was asked to, and again when the frame does not come in time.
type pace struct {
	call  func()
	frame app.Func // nil where nothing is painted
	mu    sync.Mutex
	timer *time.Timer
	done  bool
}

func newPace(call func()) *pace {
	p := &pace{call: call}
	if app.IsClient {
		p.frame = app.FuncOf(func(app.Value, []app.Value) any {
			p.tick()
			return nil
		})
	}
	return p
}

// ask does not block and calls nothing itself.
func (p *pace) ask() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.done {
		return
	}
	wait := patience
	if p.frame == nil {
		wait = flush
	} else {
		app.Window().Call("requestAnimationFrame", p.frame)
	}
	p.timer = time.AfterFunc(wait, p.tick)
}

func (p *pace) tick() {
	p.mu.Lock()
	if p.timer != nil {
		p.timer.Stop()
	}
	done := p.done
	p.mu.Unlock()
	if !done {
		p.call()
	}
}

// stop makes sure that nothing is called any more. The frame's function stays
// allocated, since a frame that was asked for would call it.
func (p *pace) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.done = true
	if p.timer != nil {
		p.timer.Stop()
	}
}
