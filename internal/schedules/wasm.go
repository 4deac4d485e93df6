package schedules

import (
	"context"
	_ "embed" // for the modules
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

var (
	//go:embed testdata/ring.wasm
	ringModule []byte
	//go:embed testdata/broken.wasm
	brokenModule []byte
)

// plantedBugs is what broken.wasm can do wrong, in the order of its enum.
var plantedBugs = []string{
	"nothing",
	"no-producer-fence",
	"no-consumer-fence",
	"flag-after-check",
	"flag-set-once",
	"clear-after-check",
	"ring-before-publish",
	"late-ring",
	"hoarding-producer",
	"hoarding-consumer",
	"position-before-bytes",
	"position-unordered",
	"release-before-copy",
	"overfill",
	"drop-when-full",
	"read-ahead",
	"no-last-look",
	"take-after-user-code",
	"count-before-publish",
	"count-unordered",
	"stale-look-ahead",
}

// Specified is the algorithm of the specification, as WebAssembly. Its subjects
// must be used by one goroutine at a time, all of them together.
type Specified struct {
	runtime wazero.Runtime
	module  wazero.CompiledModule
	run     *wasmRun // the life that the imports serve
}

// NewSpecified compiles the algorithm: the good one, or with bug, if that is not
// empty, one that breaks a rule of which the name is in spec/models. Close it.
func NewSpecified(ctx context.Context, bug string) (*Specified, error) {
	binary := ringModule
	if bug != "" {
		binary = brokenModule
	}
	s := &Specified{runtime: wazero.NewRuntime(ctx)}
	if err := s.imports(ctx); err != nil {
		return nil, errors.Join(err, s.Close(ctx))
	}
	var err error
	if s.module, err = s.runtime.CompileModule(ctx, binary); err != nil {
		return nil, errors.Join(err, s.Close(ctx))
	}
	return s, nil
}

// Close releases everything.
func (s *Specified) Close(ctx context.Context) error { return s.runtime.Close(ctx) }

// Producer returns the sending side for a scenario.
func (s *Specified) Producer(scenario *Scenario, bug string) Subject {
	return &wasmSubject{s, scenario, bug, "produce", "producer"}
}

// Consumer returns the receiving side for a scenario.
func (s *Specified) Consumer(scenario *Scenario, bug string) Subject {
	return &wasmSubject{s, scenario, bug, "consume", "consumer"}
}

// wasmSubject is one side in the module.
type wasmSubject struct {
	*Specified
	scenario *Scenario
	bug      string
	verb     string // the export that does a piece of work
	memory   string // the export that tells where the side remembers
}

// errPaused stops a guest that asks for more than there are turns.
var errPaused = errors.New("schedules: no more turns")

// wasmRun is one life of a subject, as far as its turns go.
type wasmRun struct {
	scenario *Scenario
	turns    []Turn
	asked    int // since the current piece of work began
	last     Request
}

// ask is what every import comes to.
func (r *wasmRun) ask(request Request) uint64 {
	if len(r.turns) == 0 {
		r.last = request
		panic(errPaused)
	}
	turn := r.turns[0]
	r.turns = r.turns[1:]
	r.asked++
	return turn.Result
}

func (w *wasmSubject) Run(turns []Turn) (Answer, error) {
	ctx := context.Background()
	instance, err := w.runtime.InstantiateModule(ctx, w.module, wazero.NewModuleConfig().WithName(""))
	if err != nil {
		return Answer{}, err
	}
	defer instance.Close(ctx)
	if err := w.configure(ctx, instance); err != nil {
		return Answer{}, err
	}
	w.run = &wasmRun{scenario: w.scenario, turns: turns}
	work := instance.ExportedFunction(w.verb)
	for {
		w.run.asked = 0
		memory, err := w.remembered(ctx, instance)
		if err != nil {
			return Answer{}, err
		}
		more, err := work.Call(ctx)
		switch {
		case errors.Is(err, errPaused) && w.run.asked > 0:
			return Answer{Request: w.run.last}, nil
		case errors.Is(err, errPaused):
			return Answer{Request: w.run.last, Point: memory}, nil
		case err != nil:
			// A trap is what the subject does, not a failure to run it.
			return Answer{Request: Request{Kind: Failed}}, nil
		case more[0] == 0:
			return Answer{Request: Request{Kind: Done}, Point: "done"}, nil
		}
	}
}

// remembered is the memory of the side between two pieces of work.
func (w *wasmSubject) remembered(ctx context.Context, instance api.Module) (string, error) {
	address, err := instance.ExportedFunction(w.memory).Call(ctx)
	if err != nil {
		return "", err
	}
	size, err := instance.ExportedFunction(w.memory + "_size").Call(ctx)
	if err != nil {
		return "", err
	}
	memory, ok := instance.Memory().Read(uint32(address[0]), uint32(size[0]))
	if !ok {
		return "", errors.New("schedules: a side remembers outside of memory")
	}
	return string(memory), nil
}

// configure fills the config of ring.c.
func (w *wasmSubject) configure(ctx context.Context, instance api.Module) error {
	address, err := instance.ExportedFunction("config").Call(ctx)
	if err != nil {
		return err
	}
	bug := 0
	if w.bug != "" {
		if bug = slices.Index(plantedBugs, w.bug); bug < 0 {
			return fmt.Errorf("schedules: no planted bug is called %q", w.bug)
		}
	}
	const maxMessages = 8
	messages := w.scenario.Messages
	fields := []uint32{uint32(w.scenario.Slots), SlotSize, maxMessage, uint32(len(messages)), uint32(bug)}
	var lengths, targets [maxMessages]uint64
	for m, message := range messages {
		lengths[m] = uint64(message.Length())
		if message.Cancels > 0 {
			targets[m] = w.scenario.Word(message.Cancels-1, 0)
		}
	}
	var config []byte
	for _, field := range fields {
		config = binary.LittleEndian.AppendUint32(config, field)
	}
	for _, length := range lengths {
		config = binary.LittleEndian.AppendUint32(config, uint32(length))
	}
	for len(config)%8 != 0 {
		config = append(config, 0)
	}
	for _, target := range targets {
		config = binary.LittleEndian.AppendUint64(config, target)
	}
	if !instance.Memory().Write(uint32(address[0]), config) {
		return errors.New("schedules: the config lies outside of memory")
	}
	return nil
}

// imports provides the module "schedule" of ring.c.
func (s *Specified) imports(ctx context.Context) error {
	const i32, i64 = api.ValueTypeI32, api.ValueTypeI64
	type types = []api.ValueType
	builder := s.runtime.NewHostModuleBuilder("schedule")
	add := func(name string, parameters, results types, request func(api.Module, []uint64) Request) {
		builder.NewFunctionBuilder().WithGoModuleFunction(api.GoModuleFunc(
			func(_ context.Context, guest api.Module, stack []uint64) {
				result := s.run.ask(request(guest, stack))
				if len(results) > 0 {
					stack[0] = result
				}
			}), parameters, results).Export(name)
	}
	simple := func(name string, kind Kind, results types) {
		add(name, nil, results, func(api.Module, []uint64) Request { return Request{Kind: kind} })
	}
	onCell := func(name string, kind Kind, parameters, results types) {
		add(name, parameters, results, func(_ api.Module, stack []uint64) Request {
			request := Request{Kind: kind, Cell: Cell(stack[0])}
			if len(parameters) > 1 {
				request.Value = stack[1]
			}
			return request
		})
	}
	onCell("load", Load, types{i32}, types{i64})
	onCell("store", Store, types{i32, i64}, nil)
	onCell("store_release", StoreRelease, types{i32, i64}, nil)
	onCell("await", Await, types{i32, i64}, types{i32})
	simple("fence", Fence, nil)
	simple("ring", Ring, nil)
	simple("clear", Clear, nil)
	simple("wait", Wait, types{i32})
	simple("choose", Choose, types{i32})
	simple("give_up", GiveUp, nil)
	add("deliver", types{i32, i32, i32}, nil, func(guest api.Module, stack []uint64) Request {
		const canceled, counted = 1, 2
		value := Garbage
		if bytes, ok := guest.Memory().Read(uint32(stack[0]), 8*uint32(stack[1])); ok {
			var words []uint64
			for ; len(bytes) > 0; bytes = bytes[8:] {
				words = append(words, binary.LittleEndian.Uint64(bytes))
			}
			value = s.run.scenario.Identify(words)
		}
		if stack[2]&canceled != 0 {
			value |= Canceled
		}
		if stack[2]&counted != 0 {
			value |= Counted
		}
		return Request{Kind: Deliver, Value: value}
	})
	_, err := builder.Instantiate(ctx)
	return err
}
