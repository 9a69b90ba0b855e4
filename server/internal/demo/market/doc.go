// Package market publishes prices of companies that do not exist. All of it is
// simulated: what people trade has no part in it.
//
// # The walk
//
// A price's logarithm is a Brownian bridge from knot to knot, by Lévy's construction
// (P. Lévy, Processus stochastiques et mouvement brownien, 1948; as a way to sample:
// P. Glasserman, Monte Carlo Methods in Financial Engineering, 2004, section 3.1).
// Every 65,536 slots, nine hours and six minutes, there is a knot, thrown around the
// price that the company began at. The slot in the middle of two is their mean and a
// throw of its own, with the variance of a bridge; the middles of the halves
// likewise, down to the slot that is asked for.
//
// So each slot has one throw, and a price is made of at most eighteen of them,
// whenever one begins: nothing is carried on from slot to slot, so relays that were
// paused, restarted or started years later agree without a word.
//
// It is a geometric random walk all the same: steps are independent of each other
// but for the pull to the next knot, which is 1/65,536 of the way. Knots have the
// variance of half a bridge's length; then a step's standard deviation is the
// listing's volatility at every slot, and a price's distribution is the same at every
// hour, this week or in ten years. Throws are bounded, so prices are too: they stay
// within a factor of e^(5·619·volatility) of where they began, and in practice within
// e^(4·181·volatility).
//
// # Quotes and candles
//
// A quote is published when its slot begins, a candle when its last slot is over.
// Candles are made of the walk: a candle is whole even if some of its quotes could
// not be published. What could not be published, while Redis was away or nobody ran,
// is missing, quotes and candles alike.
package market
