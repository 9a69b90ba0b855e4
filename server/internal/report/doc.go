// Package report has a relay say each second how it is: an [ops.Sample], on a
// channel like any other.
//
// While messages do not flow, samples are kept, and published in order once they
// do again, so that whoever watches sees afterwards what the outage was like from
// inside. The newest 120 are kept, which is two minutes; of a longer outage the
// beginning is forgotten. Each is published with an idempotency key, until it is
// known to be taken: an outage in which Redis took one and could not say so does
// not double it.
//
// What is noted of the Go runtime is read without stopping it.
package report
