package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/mem"

	"github.com/ringwire/ringwire/bench"
)

// maxMessage is more than any payload.
const maxMessage = 64 << 20

// grpcPeer is Python's asyncio server behind Unix sockets, called by grpc-go. The
// messages are JSON as it is, without protobuf around it.
type grpcPeer struct{ python string }

func (grpcPeer) Name() string { return "gRPC" }

func (grpcPeer) Does(bench.Work) bool { return true }

func (p grpcPeer) Start(ctx context.Context, workers int) (bench.Session, error) {
	servers, err := bench.StartServers(ctx, workers, p.python, "grpc_server.py")
	if err != nil {
		return nil, err
	}
	s := &grpcSession{Servers: servers}
	for _, socket := range servers.Sockets {
		conn, err := grpc.NewClient("unix:"+socket,
			grpc.WithTransportCredentials(insecure.NewCredentials()),
			grpc.WithDefaultCallOptions(
				grpc.ForceCodecV2(asItIs{}),
				grpc.MaxCallRecvMsgSize(maxMessage), grpc.MaxCallSendMsgSize(maxMessage)))
		if err != nil {
			return nil, errors.Join(err, s.Close())
		}
		s.conns = append(s.conns, conn)
	}
	return s, nil
}

type grpcSession struct {
	*bench.Servers
	conns []*grpc.ClientConn
	next  atomic.Uint64
}

func (s *grpcSession) Measure(ctx context.Context, r bench.Round) (bench.Sample, error) {
	return s.MeasureJSON(ctx, r, func(ctx context.Context, handler string, arguments []byte) (result []byte, err error) {
		conn := s.conns[s.next.Add(1)%uint64(len(s.conns))]
		err = conn.Invoke(ctx, "/ringwire.Bench/"+handler, arguments, &result)
		return result, err
	})
}

func (s *grpcSession) Close() error {
	var err error
	for _, c := range s.conns {
		err = errors.Join(err, c.Close())
	}
	return errors.Join(err, s.Servers.Close())
}

// asItIs is the codec of messages that are bytes already.
type asItIs struct{}

func (asItIs) Name() string { return "bytes" }

func (asItIs) Marshal(v any) (mem.BufferSlice, error) {
	b, ok := v.([]byte)
	if !ok {
		return nil, fmt.Errorf("not bytes: %T", v)
	}
	return mem.BufferSlice{mem.SliceBuffer(b)}, nil
}

func (asItIs) Unmarshal(data mem.BufferSlice, v any) error {
	b, ok := v.(*[]byte)
	if !ok {
		return fmt.Errorf("not bytes: %T", v)
	}
	*b = data.Materialize()
	return nil
}
