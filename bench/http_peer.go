package bench

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
)

// httpPeer is uvicorn behind Unix sockets, called by net/http with connections
// that stay open.
type httpPeer struct{ name, python string }

func (p httpPeer) Name() string { return p.name }

func (httpPeer) Does(Work) bool { return true }

func (p httpPeer) Start(ctx context.Context, workers int) (Session, error) {
	servers, err := StartServers(ctx, workers, p.python, "http_server.py")
	if err != nil {
		return nil, err
	}
	s := &httpSession{Servers: servers}
	for _, socket := range servers.Sockets {
		var dialer net.Dialer
		s.clients = append(s.clients, &http.Client{Transport: &http.Transport{
			DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
				return dialer.DialContext(ctx, "unix", socket)
			},
			DisableCompression:  true,
			MaxIdleConnsPerHost: outstanding,
		}})
	}
	return s, nil
}

type httpSession struct {
	*Servers
	clients []*http.Client
	next    atomic.Uint64
}

func (s *httpSession) Measure(ctx context.Context, r Round) (Sample, error) {
	return s.MeasureJSON(ctx, r, func(ctx context.Context, handler string, arguments []byte) ([]byte, error) {
		client := s.clients[s.next.Add(1)%uint64(len(s.clients))]
		request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://worker/"+handler, bytes.NewReader(arguments))
		if err != nil {
			return nil, err
		}
		response, err := client.Do(request)
		if err != nil {
			return nil, err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("status %s", response.Status)
		}
		result := bytes.NewBuffer(make([]byte, 0, max(response.ContentLength, 0)+bytes.MinRead))
		_, err = io.Copy(result, response.Body)
		return result.Bytes(), err
	})
}

func (s *httpSession) Close() error {
	for _, c := range s.clients {
		c.CloseIdleConnections()
	}
	return s.Servers.Close()
}
