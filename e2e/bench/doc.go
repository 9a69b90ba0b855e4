// Bench measures what the relay costs, beside a floor, in one run on one
// machine. Only the ratios of one run mean anything elsewhere: a microsecond of
// this core is not a microsecond of yours.
//
//	make bench                          # three runs of everything, under 4 minutes
//	make bench BENCH='-quick'           # a smoke run, under 45 s
//	make bench BENCH='-json bench.json' # and a Report as JSON
//
// # What is compared
//
// The floor is this program again, in a process of its own: for each message it
// makes one WebSocket frame, as long as the frame that fanlight.v1 would send,
// and calls Write once for each socket, one after the other. It has no Redis,
// no JSON, no queues. A relay that sent every message to every socket by itself
// could not be cheaper; one that puts many messages into a write can. The same
// load reads from the floor, from fanlight.v1 and from a plain WebSocket.
//
// # Where things run
//
// On Linux, with two cores or more, the server gets one for itself, from its
// first instruction, so that its GOMAXPROCS is 1; the load, which is the bench's
// own process, and the Redis share another. A redis-server is started when one
// is installed, without persistence, on a free port of 127.0.0.1, and ended
// afterwards; -redis-url names another one; else the relay's embedded Redis
// serves, and its CPU time counts as the relay's. Each run has a fresh process
// and a fresh channel. The systems take turns, and of each number the median of
// the runs is reported. Everything else that the machine does meanwhile is
// reported as "others", and marked when it disturbs.
//
// # What is measured
//
// Paced: 1,000 subscribers of one channel, and 20 messages a second, evenly
// spaced, from one fanlight.v1 connection. Latency counts from the time at which
// a message was due, so that a publisher that was held up hides nothing.
//
// Saturation: 500 subscribers of one channel, and four fanlight.v1 connections
// that publish without a pause as long as fewer than 32 publishes are in flight,
// 8 a connection. In flight means sent and not acknowledged, which is before it
// is delivered. So that a system that acknowledges far faster than it delivers
// does not just fill its queues, a publisher also waits while any subscriber
// lacks 256 messages; a row says so when that held back more than one message
// in a hundred. Latency counts from the moment of sending. The floor writes as
// fast as it can, and is held back by its sockets' buffers.
//
// In both, messages flow for a second first (half a window, if that is shorter); then a window opens at whose edges
// all is read off: messages and frames received, the CPU time (user and system)
// of the server, the load and the Redis. Latencies are those of some subscribers,
// every 10th and every 25th, spread evenly over the order in which they joined;
// p50 and p99 are taken by nearest rank. The clock is the wall clock of the one
// machine.
//
// Memory: the growth of a fresh process's resident memory (VmRSS) by 5,000
// connections that have joined a channel and hear nothing, divided by them. Both
// readings wait until the number has come to rest. Nothing makes the process
// collect its garbage, since nothing does so in production. The peak (VmHWM) is
// of the whole process. What the kernel holds for a socket is in none of them.
// How long it took until all had joined is reported too: it is what a relay goes
// through when it comes back.
//
// Transfer: the bytes of the page's WebAssembly as served to a client that takes
// brotli, gzip, or neither.
//
// Start and page: a headless Chromium, with a fresh profile, loads the front door
// three times without anything in its caches and then again with what its service
// worker kept; and looks at pages while messages come to one tab: the time between
// frames (requestAnimationFrame), and from a key to the frame after its letter was
// there, by the page's own clock. A row with no messages is what the others are
// compared with. This comes first, with nothing pinned, and on the embedded Redis,
// as after make run; browser, relay and load share the cores.
//
// # What makes a number void
//
// After each traffic the load waits until every subscriber has received exactly
// as many messages as were sent; those that are looked into must have received
// each of them once. Otherwise, or when a connection broke, the row says so, and
// the program ends with status 1.
//
// The load itself is kept cheap: it reads frames by hand, counts lines without
// looking into them, and masks with zeros. What it cost is in the report; where
// its core was full before the server's was, the row says that the server could
// do more.
//
// Elsewhere than on Linux nothing is pinned, and CPU time and memory are absent.
package main
