// Package mutants is a zoo of wrong codecs and rings, each with one fault. The
// vectors must kill every one of them and spare the good one; a vector that is
// lost, or a check of the kit that stops working, lets some mutant live.
package mutants

import (
	"bytes"
	_ "embed" // for the module
	"encoding/binary"
	"fmt"
)

//go:embed mutants.wasm
var module []byte

// Mutant is one wrong implementation.
type Mutant struct {
	Number uint32
	// Profile is where the fault lies.
	Profile string
	// Fault says what is wrong, as its author might have put it.
	Fault string
	// Hangs says that it does not return from some call.
	Hangs bool
}

// marker stands in the module in front of the number of the chosen mutant.
var marker = append([]byte("RINGWIRE-MUTANT"), 0)

// Module returns the WebAssembly module of a mutant; 0 is the good one.
func Module(number uint32) []byte {
	m := bytes.Clone(module)
	at := bytes.Index(m, marker)
	if at < 0 || bytes.Contains(m[at+len(marker):], marker) {
		panic(fmt.Sprintf("mutants: the module does not hold its marker once: at=%d", at))
	}
	binary.LittleEndian.PutUint32(m[at+len(marker):], number)
	return m
}

// All lists the mutants of the module.
func All() []Mutant {
	var all []Mutant
	for _, group := range [][]Mutant{decoders, texts, hostile, encoders, streams, regions, rings} {
		all = append(all, group...)
	}
	return all
}

var decoders = []Mutant{
	{Number: 1, Profile: "decode", Fault: "status_code before body_len, as an old worker had it"},
	{Number: 2, Profile: "decode", Fault: "trusts total_length and does not add the lengths up"},
	{Number: 3, Profile: "decode", Fault: "adds the lengths up in 32 bits"},
	{Number: 5, Profile: "decode", Fault: "response headers of 19 bytes, without success"},
	{Number: 6, Profile: "decode", Fault: "total_length is big-endian"},
	{Number: 7, Profile: "decode", Fault: "bytes after the message are ignored"},
	{Number: 9, Profile: "decode", Fault: "the limit is the default, whatever the lane says"},
	{Number: 10, Profile: "decode", Fault: "the limit itself is refused"},
	{Number: 11, Profile: "decode", Fault: "long names are accepted"},
	{Number: 12, Profile: "decode", Fault: "a name of 1,024 bytes is refused"},
	{Number: 13, Profile: "decode", Fault: "a name of 1,025 bytes is accepted"},
	{Number: 14, Profile: "decode", Fault: "both directions accept REQUEST and RESPONSE"},
	{Number: 15, Profile: "decode", Fault: "reserved types are accepted"},
	{Number: 16, Profile: "decode", Fault: "the highest bit of the type is ignored"},
	{Number: 17, Profile: "decode", Fault: "id 0 is accepted"},
	{Number: 18, Profile: "decode", Fault: "SHUTDOWN may have an id"},
	{Number: 19, Profile: "decode", Fault: "CANCEL may have id 0"},
	{Number: 20, Profile: "decode", Fault: "the module name may be empty"},
	{Number: 21, Profile: "decode", Fault: "the function name may be empty"},
	{Number: 31, Profile: "decode", Fault: "success is anything but 0"},
	{Number: 32, Profile: "decode", Fault: "statuses from 100 on are a success"},
	{Number: 33, Profile: "decode", Fault: "status 300 is a success"},
	{Number: 34, Profile: "decode", Fault: "statuses from 300 on are a failure"},
	{Number: 35, Profile: "decode", Fault: "status 600 is a failure"},
	{Number: 36, Profile: "decode", Fault: "a success may have an error message"},
	{Number: 40, Profile: "decode", Fault: "SHUTDOWN and CANCEL may have a payload"},
	{Number: 41, Profile: "decode", Fault: "the last byte of a message may be missing"},
	{Number: 42, Profile: "decode", Fault: "a cut is always said to be in the last part"},
	{Number: 43, Profile: "decode", Fault: "a cut header is always said to be at offset 0"},
	{Number: 44, Profile: "decode", Fault: "the type is judged before the header is complete"},
	{Number: 45, Profile: "decode", Fault: "the limit is judged before the sum"},
	{Number: 46, Profile: "decode", Fault: "the contents are judged before the length"},
	{Number: 47, Profile: "decode", Fault: "request_id is big-endian"},
	{Number: 48, Profile: "decode", Fault: "module and function name change places"},
	{Number: 50, Profile: "decode", Fault: "lengths are signed numbers when they are compared with the limit"},
	{Number: 51, Profile: "decode", Fault: "id 0 is said to be a fault of the type"},
	{Number: 77, Profile: "decode", Fault: "max_message is not checked"},
	{Number: 78, Profile: "decode", Fault: "only the module name has a limit"},
	{Number: 79, Profile: "decode", Fault: "total_length may be greater than the sum"},
	{Number: 80, Profile: "decode", Fault: "total_length may be less than the sum"},
	{Number: 83, Profile: "decode", Fault: "statuses have no upper limit"},
	{Number: 84, Profile: "decode", Fault: "a cut between two parts is said to be in the first"},
	{Number: 85, Profile: "decode", Fault: "does not say how many bytes it consumed"},
	{Number: 87, Profile: "decode", Fault: "a header that lacks its last byte is complete"},
	{Number: 88, Profile: "decode", Fault: "a message that is cut off is accepted"},
	{Number: 89, Profile: "decode", Fault: "one byte after the message is accepted"},
	{Number: 90, Profile: "decode", Fault: "trailing bytes are said to be at the end of the input"},
}

var texts = []Mutant{
	{Number: 8, Profile: "decode", Fault: "module and function name are checked as one text"},
	{Number: 22, Profile: "decode", Fault: "the module name may hold a zero byte"},
	{Number: 23, Profile: "decode", Fault: "the function name may hold a zero byte"},
	{Number: 24, Profile: "decode", Fault: "names are not checked as text"},
	{Number: 25, Profile: "decode", Fault: "overlong forms are text"},
	{Number: 26, Profile: "decode", Fault: "surrogates are text"},
	{Number: 27, Profile: "decode", Fault: "code points above U+10FFFF are text"},
	{Number: 28, Profile: "decode", Fault: "a sequence may be cut by the end of its field"},
	{Number: 29, Profile: "decode", Fault: "the offset is that of the byte that is not as expected"},
	{Number: 30, Profile: "decode", Fault: "an error message may not hold a zero byte"},
	{Number: 37, Profile: "decode", Fault: "error messages are not checked as text"},
	{Number: 38, Profile: "decode", Fault: "kwargs and body are checked as text"},
	{Number: 39, Profile: "decode", Fault: "kwargs may not hold a zero byte"},
	{Number: 49, Profile: "decode", Fault: "a name is checked for zero bytes before it is checked as text"},
	{Number: 81, Profile: "decode", Fault: "a zero byte is always said to be at the start of the name"},
	{Number: 82, Profile: "decode", Fault: "only the module name is checked as text"},
}

var hostile = []Mutant{
	{Number: 4, Profile: "decode", Fault: "looks at the byte behind the input"},
	{Number: 66, Profile: "decode", Fault: "writes a byte behind the record"},
	{Number: 67, Profile: "decode", Fault: "changes its input"},
	{Number: 68, Profile: "decode", Fault: "answers differently when it sees an id again"},
	{Number: 69, Profile: "decode", Fault: "works at addresses that are multiples of four only"},
	{Number: 70, Profile: "decode", Fault: "loops for ever", Hangs: true},
	{Number: 71, Profile: "decode", Fault: "recurses for ever", Hangs: true},
	{Number: 72, Profile: "decode", Fault: "takes all the memory that there is", Hangs: true},
	{Number: 73, Profile: "decode", Fault: "returns a wild positive number"},
	{Number: 74, Profile: "decode", Fault: "returns an offset outside of the message"},
	{Number: 75, Profile: "decode", Fault: "traps"},
	{Number: 76, Profile: "stream", Fault: "uses memory that the host has added"},
	{Number: 86, Profile: "decode", Fault: "returns a code that does not exist"},
}

var encoders = []Mutant{
	{Number: 52, Profile: "encode", Fault: "total_length does not count the header"},
	{Number: 53, Profile: "encode", Fault: "encodes anything"},
	{Number: 54, Profile: "encode", Fault: "has written something when it refuses"},
	{Number: 55, Profile: "encode", Fault: "does not check limits"},
	{Number: 56, Profile: "encode", Fault: "writes status_code before body_len"},
	{Number: 57, Profile: "encode", Fault: "writes status_code big-endian"},
	{Number: 58, Profile: "encode", Fault: "does not check contents"},
}

var streams = []Mutant{
	{Number: 59, Profile: "stream", Fault: "judges a header when its payload is there"},
	{Number: 60, Profile: "stream", Fault: "goes on after a refusal"},
	{Number: 61, Profile: "stream", Fault: "forgets a header that arrives in pieces"},
	{Number: 62, Profile: "stream", Fault: "waits for 21 bytes of a response header"},
	{Number: 63, Profile: "stream", Fault: "does not notice that the stream ended inside a frame"},
	{Number: 64, Profile: "stream", Fault: "takes the next frame for trailing bytes"},
	{Number: 65, Profile: "stream", Fault: "counts offsets from the start of the stream"},
	{Number: 91, Profile: "stream", Fault: "has nothing to say after a refusal"},
}

var regions = []Mutant{
	{Number: 110, Profile: "ring", Fault: "slots are not padded to 64 bytes"},
	{Number: 111, Profile: "ring", Fault: "the response slots begin right behind the request slots"},
	{Number: 112, Profile: "ring", Fault: "any slot count"},
	{Number: 113, Profile: "ring", Fault: "a ring of one slot"},
	{Number: 114, Profile: "ring", Fault: "any number of slots"},
	{Number: 115, Profile: "ring", Fault: "slots of any smallness"},
	{Number: 116, Profile: "ring", Fault: "slots of any size"},
	{Number: 117, Profile: "ring", Fault: "slot sizes that are no multiple of 8"},
	{Number: 118, Profile: "ring", Fault: "any max_message"},
	{Number: 119, Profile: "ring", Fault: "compares 64-bit numbers in 32 bits"},
	{Number: 120, Profile: "ring", Fault: "the magic has seven letters"},
	{Number: 121, Profile: "ring", Fault: "the major version has 8 bits"},
	{Number: 122, Profile: "ring", Fault: "refuses later minor versions"},
	{Number: 123, Profile: "ring", Fault: "refuses reserved bytes that are not 0"},
	{Number: 124, Profile: "ring", Fault: "looks at half of the feature bits"},
	{Number: 125, Profile: "ring", Fault: "ignores feature bits"},
	{Number: 126, Profile: "ring", Fault: "any payload encoding"},
	{Number: 127, Profile: "ring", Fault: "any region_size"},
	{Number: 128, Profile: "ring", Fault: "does not look how long the object really is"},
	{Number: 129, Profile: "ring", Fault: "takes offsets and stride for granted"},
	{Number: 130, Profile: "ring", Fault: "any header_size"},
	{Number: 131, Profile: "ring", Fault: "any slot_stride"},
	{Number: 132, Profile: "ring", Fault: "any worker_block_offset"},
	{Number: 133, Profile: "ring", Fault: "makes a region of which the slots are not zero"},
	{Number: 134, Profile: "ring", Fault: "writes half of the generation"},
	{Number: 135, Profile: "ring", Fault: "descriptors that are not there are 0"},
}

var rings = []Mutant{
	{Number: 136, Profile: "ring", Fault: "the index of a slot is the position modulo slot_count minus 1"},
	{Number: 137, Profile: "ring", Fault: "positions have 32 bits"},
	{Number: 138, Profile: "ring", Fault: "a corrupt lane is forgiven"},
	{Number: 139, Profile: "ring", Fault: "sends messages above max_message"},
	{Number: 140, Profile: "ring", Fault: "believes a read_position ahead of its own write position"},
	{Number: 141, Profile: "ring", Fault: "believes a read_position that goes back"},
	{Number: 142, Profile: "ring", Fault: "fragments leave 8 bytes of their slot free"},
	{Number: 143, Profile: "ring", Fault: "leaves one slot free"},
	{Number: 144, Profile: "ring", Fault: "fills one slot too many"},
	{Number: 145, Profile: "ring", Fault: "message_length is the length of the fragment"},
	{Number: 146, Profile: "ring", Fault: "fragment_offset counts fragments"},
	{Number: 147, Profile: "ring", Fault: "fills the rest of a slot with zeros"},
	{Number: 148, Profile: "ring", Fault: "publishes and counts although it wrote nothing"},
	{Number: 149, Profile: "ring", Fault: "looks at the need_wakeup flag of the other ring"},
	{Number: 150, Profile: "ring", Fault: "publishes a message when it is whole"},
	{Number: 151, Profile: "ring", Fault: "does not count urgent messages"},
	{Number: 152, Profile: "ring", Fault: "counts every part of an urgent message"},
	{Number: 153, Profile: "ring", Fault: "rings only if need_wakeup is 1"},
	{Number: 154, Profile: "ring", Fault: "reads need_wakeup as a byte"},
	{Number: 155, Profile: "ring", Fault: "believes a write_position behind its own read position"},
	{Number: 156, Profile: "ring", Fault: "believes a write_position too far ahead"},
	{Number: 157, Profile: "ring", Fault: "accepts a message of 0 bytes"},
	{Number: 158, Profile: "ring", Fault: "accepts a message above max_message"},
	{Number: 159, Profile: "ring", Fault: "cuts message_length to max_message"},
	{Number: 160, Profile: "ring", Fault: "does not check fragment_offset"},
	{Number: 161, Profile: "ring", Fault: "does not compare message_length with that of the first fragment"},
	{Number: 162, Profile: "ring", Fault: "releases no slot before the message is whole"},
	{Number: 163, Profile: "ring", Fault: "writes to the worker block"},
}
