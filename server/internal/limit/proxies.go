package limit

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// ParseProxies reads prefixes (10.0.0.0/8) and addresses, with commas between
// them.
func ParseProxies(list string) ([]netip.Prefix, error) {
	var prefixes []netip.Prefix
	for item := range strings.SplitSeq(list, ",") {
		item = strings.TrimSpace(item)
		if item == "" {
			continue
		}
		p, err := netip.ParsePrefix(item)
		if err != nil {
			addr, aerr := netip.ParseAddr(item)
			if aerr != nil {
				return nil, fmt.Errorf("%.60q is neither an address nor a prefix such as 10.0.0.0/8", item)
			}
			p = netip.PrefixFrom(addr, addr.BitLen())
		}
		prefixes = append(prefixes, p.Masked())
	}
	return prefixes, nil
}

// Addr returns whose request it is: the peer's address, or, when the peer is a
// trusted proxy, the last one in X-Forwarded-For that no trusted proxy has.
// What stands before that one could be anybody's invention.
func (l *Limiter) Addr(r *http.Request) netip.Addr {
	addr := parseAddr(r.RemoteAddr)
	if l == nil || !l.trusted(addr) {
		return addr
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		next := parseAddr(strings.TrimSpace(hop))
		if !next.IsValid() {
			break
		}
		if addr = next; !l.trusted(addr) {
			break
		}
	}
	return addr
}

// Peer returns what the network connections of a peer, host:port, are counted
// by. There is nothing for a trusted proxy: its connections are many people's.
func (l *Limiter) Peer(remote string) (addr netip.Addr, counts bool) {
	addr = parseAddr(remote)
	return block(addr), addr.IsValid() && !l.trusted(addr)
}

func (l *Limiter) trusted(addr netip.Addr) bool {
	return slices.ContainsFunc(l.cfg.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// parseAddr reads an address, with a port or without; the zero Addr is none.
func parseAddr(s string) netip.Addr {
	if ap, err := netip.ParseAddrPort(s); err == nil {
		return ap.Addr().Unmap().WithZone("")
	}
	addr, err := netip.ParseAddr(strings.Trim(s, "[]"))
	if err != nil {
		return netip.Addr{}
	}
	return addr.Unmap().WithZone("")
}
