// Package sensor publishes what a fleet of sensors measures that does not exist. All
// of it is simulated.
//
// A value is made of the sensor and the second alone: a wave of a day, a short one,
// and noise, that together stay within the sensor's range. Time is cut into windows
// of ten minutes. In every third of them, by chance, something happens to the sensor:
// for half a minute or so its value leaves the range and returns. In every other, it
// sends nothing for some seconds, as a sensor does that has a bad link: a hole in the
// readings' Seq. With eighteen sensors, each happens about once in two minutes or
// one.
//
// The sensors do not all send at once: each has its place in the second.
package sensor
