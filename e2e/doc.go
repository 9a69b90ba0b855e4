// Package e2e tests Fanlight from outside, the way its users meet it: through
// HTTP, WebSockets, event streams, Redis, the program in bin, and a real
// headless browser. It imports the server as a library and nothing of its
// inside.
//
// Without FANLIGHT_TEST_REDIS_URL every relay has an embedded Redis; with it,
// all use that one, each test behind a prefix of its own.
//
//	browser    starts Chromium and watches what a page does
//	client     the Go client's behaviours, natively and in the browser
//	faults     twenty faults, each with what has to be true all the same
//	security   who may do what by every way in, forged tokens, and tokens that end
//	attacks    limits, floods, slow peers, and pages of other sites, against the program
//	checker    reads what everyone saw, and says which promise was broken
//	proxy      a bad network between any two
//	port       ports that stay free until somebody listens there
//	leak       goroutines that tests leave behind
//	bench      what make bench runs
package e2e
