package playground

import (
	"hash/fnv"
	"strconv"
)

// hues is how many colours the style sheet has for channels.
const hues = 8

// palette gives each channel a colour: the one that its name suggests, the same
// in every tab, unless another channel here has it and one is free.
type palette map[string]int

// class returns the style sheet's class for a channel.
func (p palette) class(name string) string {
	hue, known := p[name]
	if !known {
		h := fnv.New32a()
		_, _ = h.Write([]byte(name)) // a hash takes everything
		hue = int(h.Sum32() % hues)
		taken := map[int]bool{}
		for _, other := range p {
			taken[other] = true
		}
		for len(taken) < hues && taken[hue] {
			hue = (hue + 1) % hues
		}
		p[name] = hue
	}
	return "hue-" + strconv.Itoa(hue)
}
