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
	{1, "decode", "status_code before body_len, as an old worker had it"},
	{2, "decode", "trusts total_length and does not add the lengths up"},
	{3, "decode", "adds the lengths up in 32 bits"},
	{5, "decode", "response headers of 19 bytes, without success"},
	{6, "decode", "total_length is big-endian"},
	{7, "decode", "bytes after the message are ignored"},
	{9, "decode", "the limit is the default, whatever the lane says"},
	{10, "decode", "the limit itself is refused"},
	{11, "decode", "long names are accepted"},
	{12, "decode", "a name of 1,024 bytes is refused"},
	{13, "decode", "a name of 1,025 bytes is accepted"},
	{14, "decode", "both directions accept REQUEST and RESPONSE"},
	{15, "decode", "reserved types are accepted"},
	{16, "decode", "the highest bit of the type is ignored"},
	{17, "decode", "id 0 is accepted"},
	{18, "decode", "SHUTDOWN may have an id"},
	{19, "decode", "CANCEL may have id 0"},
	{20, "decode", "the module name may be empty"},
	{21, "decode", "the function name may be empty"},
	{31, "decode", "success is anything but 0"},
	{32, "decode", "statuses from 100 on are a success"},
	{33, "decode", "status 300 is a success"},
	{34, "decode", "statuses from 300 on are a failure"},
	{35, "decode", "status 600 is a failure"},
	{36, "decode", "a success may have an error message"},
	{40, "decode", "SHUTDOWN and CANCEL may have a payload"},
	{41, "decode", "the last byte of a message may be missing"},
	{42, "decode", "a cut is always said to be in the last part"},
	{43, "decode", "a cut header is always said to be at offset 0"},
	{44, "decode", "the type is judged before the header is complete"},
	{45, "decode", "the limit is judged before the sum"},
	{46, "decode", "the contents are judged before the length"},
	{47, "decode", "request_id is big-endian"},
	{48, "decode", "module and function name change places"},
	{50, "decode", "lengths are signed numbers when they are compared with the limit"},
	{51, "decode", "id 0 is said to be a fault of the type"},
	{77, "decode", "max_message is not checked"},
	{78, "decode", "only the module name has a limit"},
	{79, "decode", "total_length may be greater than the sum"},
	{80, "decode", "total_length may be less than the sum"},
	{83, "decode", "statuses have no upper limit"},
	{84, "decode", "a cut between two parts is said to be in the first"},
	{85, "decode", "does not say how many bytes it consumed"},
	{87, "decode", "a header that lacks its last byte is complete"},
	{88, "decode", "a message that is cut off is accepted"},
	{89, "decode", "one byte after the message is accepted"},
	{90, "decode", "trailing bytes are said to be at the end of the input"},
}

var texts = []Mutant{
	{8, "decode", "module and function name are checked as one text"},
	{22, "decode", "the module name may hold a zero byte"},
	{23, "decode", "the function name may hold a zero byte"},
	{24, "decode", "names are not checked as text"},
	{25, "decode", "overlong forms are text"},
	{26, "decode", "surrogates are text"},
	{27, "decode", "code points above U+10FFFF are text"},
	{28, "decode", "a sequence may be cut by the end of its field"},
	{29, "decode", "the offset is that of the byte that is not as expected"},
	{30, "decode", "an error message may not hold a zero byte"},
	{37, "decode", "error messages are not checked as text"},
	{38, "decode", "kwargs and body are checked as text"},
	{39, "decode", "kwargs may not hold a zero byte"},
	{49, "decode", "a name is checked for zero bytes before it is checked as text"},
	{81, "decode", "a zero byte is always said to be at the start of the name"},
	{82, "decode", "only the module name is checked as text"},
}

var hostile = []Mutant{
	{4, "decode", "looks at the byte behind the input"},
	{66, "decode", "writes a byte behind the record"},
	{67, "decode", "changes its input"},
	{68, "decode", "answers differently when it sees an id again"},
	{69, "decode", "works at addresses that are multiples of four only"},
	{70, "decode", "loops for ever"},
	{71, "decode", "recurses for ever"},
	{72, "decode", "takes all the memory that there is"},
	{73, "decode", "returns a wild positive number"},
	{74, "decode", "returns an offset outside of the message"},
	{75, "decode", "traps"},
	{76, "stream", "uses memory that the host has added"},
	{86, "decode", "returns a code that does not exist"},
}

var encoders = []Mutant{
	{52, "encode", "total_length does not count the header"},
	{53, "encode", "encodes anything"},
	{54, "encode", "has written something when it refuses"},
	{55, "encode", "does not check limits"},
	{56, "encode", "writes status_code before body_len"},
	{57, "encode", "writes status_code big-endian"},
	{58, "encode", "does not check contents"},
}

var streams = []Mutant{
	{59, "stream", "judges a header when its payload is there"},
	{60, "stream", "goes on after a refusal"},
	{61, "stream", "forgets a header that arrives in pieces"},
	{62, "stream", "waits for 21 bytes of a response header"},
	{63, "stream", "does not notice that the stream ended inside a frame"},
	{64, "stream", "takes the next frame for trailing bytes"},
	{65, "stream", "counts offsets from the start of the stream"},
	{91, "stream", "has nothing to say after a refusal"},
}

var regions = []Mutant{
	{110, "ring", "slots are not padded to 64 bytes"},
	{111, "ring", "the response slots begin right behind the request slots"},
	{112, "ring", "any slot count"},
	{113, "ring", "a ring of one slot"},
	{114, "ring", "any number of slots"},
	{115, "ring", "slots of any smallness"},
	{116, "ring", "slots of any size"},
	{117, "ring", "slot sizes that are no multiple of 8"},
	{118, "ring", "any max_message"},
	{119, "ring", "compares 64-bit numbers in 32 bits"},
	{120, "ring", "the magic has seven letters"},
	{121, "ring", "the major version has 8 bits"},
	{122, "ring", "refuses later minor versions"},
	{123, "ring", "refuses reserved bytes that are not 0"},
	{124, "ring", "looks at half of the feature bits"},
	{125, "ring", "ignores feature bits"},
	{126, "ring", "any payload encoding"},
	{127, "ring", "any region_size"},
	{128, "ring", "does not look how long the object really is"},
	{129, "ring", "takes offsets and stride for granted"},
	{130, "ring", "any header_size"},
	{131, "ring", "any slot_stride"},
	{132, "ring", "any worker_block_offset"},
	{133, "ring", "makes a region of which the slots are not zero"},
	{134, "ring", "writes half of the generation"},
	{135, "ring", "descriptors that are not there are 0"},
}

var rings = []Mutant{
	{136, "ring", "the index of a slot is the position modulo slot_count minus 1"},
	{137, "ring", "positions have 32 bits"},
	{138, "ring", "a corrupt lane is forgiven"},
	{139, "ring", "sends messages above max_message"},
	{140, "ring", "believes a read_position ahead of its own write position"},
	{141, "ring", "believes a read_position that goes back"},
	{142, "ring", "fragments leave 8 bytes of their slot free"},
	{143, "ring", "leaves one slot free"},
	{144, "ring", "fills one slot too many"},
	{145, "ring", "message_length is the length of the fragment"},
	{146, "ring", "fragment_offset counts fragments"},
	{147, "ring", "fills the rest of a slot with zeros"},
	{148, "ring", "publishes and counts although it wrote nothing"},
	{149, "ring", "looks at the need_wakeup flag of the other ring"},
	{150, "ring", "publishes a message when it is whole"},
	{151, "ring", "does not count urgent messages"},
	{152, "ring", "counts every part of an urgent message"},
	{153, "ring", "rings only if need_wakeup is 1"},
	{154, "ring", "reads need_wakeup as a byte"},
	{155, "ring", "believes a write_position behind its own read position"},
	{156, "ring", "believes a write_position too far ahead"},
	{157, "ring", "accepts a message of 0 bytes"},
	{158, "ring", "accepts a message above max_message"},
	{159, "ring", "cuts message_length to max_message"},
	{160, "ring", "does not check fragment_offset"},
	{161, "ring", "does not compare message_length with that of the first fragment"},
	{162, "ring", "releases no slot before the message is whole"},
	{163, "ring", "writes to the worker block"},
}
