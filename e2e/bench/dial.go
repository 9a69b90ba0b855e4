package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

const (
	// dialTimeout bounds the opening of one connection.
	dialTimeout = 10 * time.Second
	// maxHandshake bounds the head of the answer to an upgrade, in bytes.
	maxHandshake = 8 << 10
)

// upgrade opens a WebSocket by hand: nothing of it may cost memory or time
// later. It returns the connection and what arrived after the answer's head.
func upgrade(ctx context.Context, addr, path, subprotocol string) (net.Conn, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, nil, err
	}
	deadline, _ := ctx.Deadline()
	rest, err := handshake(conn, deadline, addr, path, subprotocol)
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("upgrade: %w", err), conn.Close())
	}
	return conn, rest, nil
}

func handshake(conn net.Conn, deadline time.Time, host, path, subprotocol string) ([]byte, error) {
	if err := conn.SetDeadline(deadline); err != nil {
		return nil, err
	}
	req := "GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ZmFubGlnaHQgYmVuY2ghIQ==\r\n"
	if subprotocol != "" {
		req += "Sec-WebSocket-Protocol: " + subprotocol + "\r\n"
	}
	if _, err := io.WriteString(conn, req+"\r\n"); err != nil {
		return nil, err
	}
	buf := make([]byte, maxHandshake)
	have := 0
	for {
		n, err := conn.Read(buf[have:])
		have += n
		if head, rest, ok := bytes.Cut(buf[:have], []byte("\r\n\r\n")); ok {
			if err := accepted(string(head), subprotocol); err != nil {
				return nil, err
			}
			return bytes.Clone(rest), conn.SetDeadline(time.Time{})
		}
		if err != nil {
			return nil, err
		}
		if have == len(buf) {
			return nil, errors.New("the answer's head is too long")
		}
	}
}

func accepted(head, subprotocol string) error {
	status, headers, _ := strings.Cut(head, "\r\n")
	if !strings.HasPrefix(status, "HTTP/1.1 101") {
		return fmt.Errorf("answered %q", status)
	}
	if subprotocol != "" && !strings.Contains(headers, subprotocol) {
		return errors.New("the server did not choose " + subprotocol)
	}
	return nil
}
