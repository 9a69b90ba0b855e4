package feed

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
)

// Dice are numbers from 0 to 1, without 1, that fell by chance.
type Dice [8]float64

// Throw returns what falls for a name and a number under a seed: always the same.
func Throw(seed uint64, name string, n int64) (d Dice) {
	var room [64]byte
	b := binary.LittleEndian.AppendUint64(room[:0], seed)
	b = binary.LittleEndian.AppendUint64(b, uint64(n)) //nolint:gosec // all bits are wanted
	sum := sha256.Sum256(append(b, name...))
	for i := range d {
		d[i] = float64(binary.LittleEndian.Uint32(sum[4*i:])) / (1 << 32)
	}
	return d
}

// MaxNormal is beyond every [Dice.Normal].
const MaxNormal = 5

// Normal returns a number that is as good as normally distributed, with mean 0 and
// standard deviation 1, and yet bounded: the sum of eight uniform ones, scaled.
func (d Dice) Normal() float64 {
	sum := 0.0
	for _, x := range d {
		sum += x
	}
	const half, variance = float64(len(d)) / 2, float64(len(d)) / 12
	return (sum - half) / math.Sqrt(variance)
}
