package main

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// heard notes what a frameReader finds, copying it.
type heard struct {
	part  []byte
	texts []string
	ctls  []string
}

func (h *heard) text(p []byte, end bool) error {
	h.part = append(h.part, p...)
	if end {
		h.texts = append(h.texts, string(h.part))
		h.part = h.part[:0]
	}
	return nil
}

func (h *heard) control(opcode byte, p []byte) error {
	h.ctls = append(h.ctls, fmt.Sprintf("%d:%s", opcode, p))
	return nil
}

// conversation is one of each: short, empty, both longer lengths, a message in
// three fragments with a ping in between, and a close.
func conversation() (stream []byte, texts, ctls []string) {
	texts = []string{"short", "", strings.Repeat("m", 126), strings.Repeat("L", 70_000), "one two three", "last"}
	for _, t := range texts[:4] {
		stream = appendServerFrame(stream, []byte(t))
	}
	fragment := func(head byte, s string) { stream = append(append(stream, head, byte(len(s))), s...) }
	fragment(opText, "one ")
	fragment(opContinuation, "two ")
	fragment(0x80|opPing, "are you there")
	fragment(0x80|opContinuation, "three")
	stream = appendServerFrame(stream, []byte("last"))
	fragment(0x80|opClose, "\x0f\xa1bye")
	return stream, texts, []string{"9:are you there", "8:\x0f\xa1bye"}
}

func TestAStreamReadsTheSameHoweverItIsCut(t *testing.T) {
	stream, texts, ctls := conversation()
	check := func(t *testing.T, pieces ...[]byte) {
		t.Helper()
		var r frameReader
		var h heard
		for _, p := range pieces {
			if err := r.feed(bytes.Clone(p), &h); err != nil {
				t.Fatal(err)
			}
		}
		if fmt.Sprint(h.texts) != fmt.Sprint(texts) || fmt.Sprint(h.ctls) != fmt.Sprint(ctls) {
			t.Fatalf("read %d texts and %q, want %d and %q", len(h.texts), h.ctls, len(texts), ctls)
		}
	}
	check(t, stream)
	for i := range stream {
		if i < 400 || i > len(stream)-400 || i%997 == 0 {
			check(t, stream[:i], stream[i:])
		}
	}
	for _, size := range []int{1, 2, 3, 7, 4096} {
		var pieces [][]byte
		for rest := stream; len(rest) > 0; {
			n := min(size, len(rest))
			pieces, rest = append(pieces, rest[:n]), rest[n:]
		}
		check(t, pieces...)
	}
}

func TestAFrameThatNoServerSendsIsRefused(t *testing.T) {
	for _, c := range []struct {
		name   string
		stream []byte
		want   error
	}{
		{"reserved bits", []byte{0xc1, 0}, errFrameBits},
		{"masked", []byte{0x81, 0x80, 0, 0, 0, 0}, errFrameBits},
		{"too long", []byte{0x81, 127, 0, 0, 0, 0, 2, 0, 0, 0}, errFrameLength},
		{"a length without end", []byte{0x81, 127, 255, 255, 255, 255, 255, 255, 255, 255}, errFrameLength},
		{"binary", []byte{0x82, 1, 0}, errFrameOpcode},
		{"a long ping", append([]byte{0x89, 126, 0, 126}, make([]byte, 126)...), errFrameLength},
	} {
		t.Run(c.name, func(t *testing.T) {
			var r frameReader
			if err := r.feed(c.stream, &heard{}); !errors.Is(err, c.want) {
				t.Fatalf("got %v, want %v", err, c.want)
			}
		})
	}
}

func FuzzFrameReader(f *testing.F) {
	stream, _, _ := conversation()
	f.Add(stream[:200], uint16(3))
	f.Add([]byte{0x81, 127, 255, 255, 255, 255, 255, 255, 255, 255}, uint16(5))
	f.Fuzz(func(t *testing.T, stream []byte, cut uint16) {
		var whole, split frameReader
		var a, b heard
		errWhole := whole.feed(stream, &a)
		at := min(int(cut), len(stream))
		errSplit := split.feed(stream[:at], &b)
		if errSplit == nil {
			errSplit = split.feed(stream[at:], &b)
		}
		if !errors.Is(errSplit, errWhole) || fmt.Sprint(a.texts, a.ctls) != fmt.Sprint(b.texts, b.ctls) {
			t.Fatalf("cut at %d: %v %q %q, whole: %v %q %q", at, errSplit, b.texts, b.ctls, errWhole, a.texts, a.ctls)
		}
	})
}
