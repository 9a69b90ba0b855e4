// Command fanlight is a relay and its pages in one program: Redis Pub/Sub to
// WebSockets and event streams, and a browser page to see it with. Without
// arguments it needs nothing: it brings its own Redis.
//
// main.go joins the relay and the pages, and is the only place that knows
// both. config.go reads flags, environment and file: flags.go lists the settings,
// values.go reads their values, file.go the file. ops.go shows operators metrics
// and profiles, on a listener of its own. command.go runs what the program
// does besides serving: token.go and check.go sign and explain tokens, and
// revoke.go revokes them.
package main
