// The peers whose libraries whoever uses Ringwire shall not have to download.
module github.com/ringwire/ringwire/bench/peers

go 1.25.0

require (
	github.com/google/pprof v0.0.0-20250403155104-27863c87afa6
	github.com/ringwire/ringwire v0.0.0
	golang.org/x/sys v0.47.0
	gonum.org/v1/plot v0.16.0
	google.golang.org/grpc v1.81.1
)

require (
	codeberg.org/go-fonts/liberation v0.5.0 // indirect
	codeberg.org/go-latex/latex v0.1.0 // indirect
	codeberg.org/go-pdf/fpdf v0.10.0 // indirect
	git.sr.ht/~sbinet/gg v0.6.0 // indirect
	github.com/ajstarks/svgo v0.0.0-20211024235047-1546f124cd8b // indirect
	github.com/campoy/embedmd v1.0.0 // indirect
	github.com/golang/freetype v0.0.0-20170609003504-e2365dfdc4a0 // indirect
	github.com/pmezard/go-difflib v1.0.0 // indirect
	golang.org/x/image v0.25.0 // indirect
	golang.org/x/net v0.51.0 // indirect
	golang.org/x/text v0.34.0 // indirect
	google.golang.org/genproto/googleapis/rpc v0.0.0-20260226221140-a57be14db171 // indirect
	google.golang.org/protobuf v1.36.11 // indirect
)

replace github.com/ringwire/ringwire => ../..
