package main

import (
	"errors"
	"strconv"
)

// A measured message's data is one JSON object of fixed layout,
//
//	{"at":1763902443123456,"n":1000000007,"pad":"........"}
//
// so that the load finds both numbers by their distance from the end of a
// line, whatever stands before them. "at" is the wall clock in microseconds;
// "n" is the message's number plus numberBase, which keeps its width.
const (
	numberBase = 1_000_000_000
	atStart    = len(`{"at":`)
	atDigits   = 16
	nStart     = atStart + atDigits + len(`,"n":`)
	nDigits    = 10
	padStart   = nStart + nDigits + len(`,"pad":"`)

	// minData is the fewest bytes that a message's data can have.
	minData = padStart + len(`"}`)
)

// The numbers of the messages that come before the measured ones.
const (
	// numberProbe is sent until every subscriber has heard it: a plain
	// WebSocket has no other sign that its subscription is in force.
	numberProbe = 0
	// numberStart tells a subscriber to count what follows.
	numberStart = 1
	// numberFirst is the first message that counts.
	numberFirst = 2
)

var errMessage = errors.New("a line is not one of the bench's messages")

// appendData appends a message's data of the given size, at least minData.
func appendData(dst []byte, at int64, n uint64, size int) []byte {
	dst = append(dst, `{"at":`...)
	dst = strconv.AppendInt(dst, at, 10)
	dst = append(dst, `,"n":`...)
	dst = strconv.AppendUint(dst, numberBase+n, 10)
	dst = append(dst, `,"pad":"`...)
	for range size - minData {
		dst = append(dst, '.')
	}
	return append(dst, `"}`...)
}

// readData reads the data that ends a line. tail is how many bytes follow the
// data there, and size is the data's.
func readData(line []byte, size, tail int) (at int64, n uint64, err error) {
	start := len(line) - tail - size
	if start < 0 || size < minData {
		return 0, 0, errMessage
	}
	d := line[start:]
	if string(d[:atStart]) != `{"at":` || string(d[nStart-5:nStart]) != `,"n":` {
		return 0, 0, errMessage
	}
	a, okA := digits(d[atStart : atStart+atDigits])
	m, okN := digits(d[nStart : nStart+nDigits])
	if !okA || !okN || m < numberBase {
		return 0, 0, errMessage
	}
	return int64(a), m - numberBase, nil
}

func digits(p []byte) (v uint64, ok bool) {
	for _, c := range p {
		if c < '0' || c > '9' {
			return 0, false
		}
		v = v*10 + uint64(c-'0')
	}
	return v, true
}
