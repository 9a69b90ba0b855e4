package leak

import (
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestWhoEndsLateIsWaitedForAndWhoStaysIsFound(t *testing.T) {
	here := goleak.IgnoreCurrent()
	go func() { <-time.After(time.Second) }() // for longer than goleak itself waits
	None(t, here)

	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		<-end
	}()
	if err := within(time.Second, here); err == nil {
		t.Error("it was not found")
	}
	close(end)
	<-ended
	None(t, here)
}
