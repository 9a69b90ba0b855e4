// Package home is the front door: what Fanlight is, what it does just now, and
// the ways further in.
//
// Its picture is live. It listens to the channel that the lines below it publish
// to, and each message that passes through this tab's connection sends a pulse
// along the way that it took. [Flow], a reducer, decides which; the style sheet
// moves it, or does not, for those who ask for no motion. The numbers in the
// picture are counted and asked for, never made up.
package home
