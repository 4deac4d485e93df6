// shmipc-go is not to be had from every module proxy, so it has a module of its
// own, which `make bench` builds where it can. It has no go.sum for the same
// reason: the build makes one, checked against the checksum database.
module github.com/ringwire/ringwire/bench/peers/shmipc

go 1.25.0

require (
	github.com/cloudwego/shmipc-go v0.2.0
	github.com/ringwire/ringwire v0.0.0
)

require (
	github.com/bytedance/gopkg v0.0.0-20220817015305-b879a72dc90f // indirect
	github.com/shirou/gopsutil/v3 v3.22.1 // indirect
	golang.org/x/sys v0.47.0 // indirect
)

replace github.com/ringwire/ringwire => ../../..
