package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"strings"

	"github.com/cloudwego/shmipc-go"
)

// answer is the other process: it runs handlers written in Go until its standard
// input ends.
func answer(socket string) error {
	listener, err := net.Listen("unix", socket)
	if err != nil {
		return err
	}
	failed := make(chan error, 1)
	go func() { failed <- accept(listener) }()
	fmt.Println("ready")
	ended := make(chan struct{})
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(ended)
	}()
	select {
	case err := <-failed:
		return err
	case <-ended:
		return nil
	}
}

func accept(listener net.Listener) error {
	conn, err := listener.Accept()
	if err != nil {
		return err
	}
	config := shmipc.DefaultConfig()
	config.LogOutput = os.Stderr
	server, err := shmipc.Server(conn, config)
	if err != nil {
		return err
	}
	for {
		stream, err := server.AcceptStream()
		if err != nil {
			return nil //nolint:nilerr // the caller is gone, and about to end this process
		}
		go serve(stream)
	}
}

// serve answers one stream, which one caller at a time uses.
func serve(stream *shmipc.Stream) {
	defer stream.Close()
	for {
		handler, arguments, err := receive(stream)
		if err != nil {
			return
		}
		result, err := handle(handler, arguments)
		if err != nil {
			return
		}
		if err := send(stream, "", result); err != nil {
			return
		}
	}
}

// handle is handlers.py in Go.
func handle(handler string, arguments []byte) ([]byte, error) {
	var kwargs struct {
		A, B json.RawMessage
		S    string
	}
	if err := json.Unmarshal(arguments, &kwargs); err != nil {
		return nil, err
	}
	switch strings.TrimSuffix(handler, "_async") {
	case "add":
		var a, b int
		if err := json.Unmarshal(kwargs.A, &a); err != nil {
			return nil, err
		}
		if err := json.Unmarshal(kwargs.B, &b); err != nil {
			return nil, err
		}
		return json.Marshal(map[string]int{"sum": a + b})
	case "echo":
		return json.Marshal(kwargs.S)
	}
	var data []byte // echo_base64
	if err := json.Unmarshal(kwargs.B, &data); err != nil {
		return nil, err
	}
	return json.Marshal(data)
}
