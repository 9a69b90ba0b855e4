// Package client holds what the Go client promises, as tests that are written
// once and run twice: natively, and compiled to WebAssembly in a headless
// Chromium (TestInBrowser builds and starts them there).
//
// The tests use the client as any program would. The world around it is run by
// a control server, natively in the test's process: for each test a relay on a
// port that it keeps when it is restarted, behind a TCP proxy that can cut
// links, leave them half open, or lose what the relay answers. The tests steer
// it over HTTP, which is all that a browser has.
//
// All relays use one Redis, in memory, that outlives them; or the one that
// FANLIGHT_TEST_REDIS_URL names.
package client
