// Package metrics tells Prometheus what a relay does.
//
// What counts, counts by itself, with an atomic number where the thing happens,
// and knows nothing of Prometheus; here those numbers are read when somebody
// asks ([Source]). Only what has a label is counted here ([Counters]). Labels
// are of a few known values: no channel, no user and no address is ever one,
// since each would be a time series of its own, and anybody can make more.
//
// Everything goes into a registry that the program made, and none into the
// library's global one.
package metrics
