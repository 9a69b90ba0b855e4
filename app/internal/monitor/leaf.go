package monitor

import "github.com/maxence-charriere/go-app/v10/pkg/app"

// leaf is a part of the page that renders alone: what is dispatched on a
// component has all its ancestors render too, unless that is taken back.
type leaf struct {
	spare   func() // takes it back
	ctx     app.Context
	mounted bool
}

// OnMount implements [app.Mounter].
func (l *leaf) OnMount(ctx app.Context) { l.ctx, l.mounted = ctx, true }

// OnDismount implements [app.Dismounter].
func (l *leaf) OnDismount() { l.mounted = false }

// redraw has the leaf render, on the next frame. Then is done after that, if it
// is not nil. It must be called on the UI goroutine.
func (l *leaf) redraw(then func()) {
	if !l.mounted {
		return
	}
	l.ctx.Dispatch(func(ctx app.Context) {
		l.spare()
		if then != nil {
			ctx.Defer(func(app.Context) {
				if l.mounted {
					then()
				}
			})
		}
	})
}
