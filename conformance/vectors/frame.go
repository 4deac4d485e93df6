package vectors

import "encoding/binary"

// frame is a message in the making. The generator sets any member to any value;
// bytes puts them where the tables of spec chapter 01 say, and nothing is
// computed behind its back.
type frame struct {
	response bool
	typ      byte
	id       uint32
	total    uint32
	lengths  [3]uint32 // module, function, kwargs; or body, error message
	status   uint16
	success  byte
	payload  []byte
}

const (
	requestHeader  = 21
	responseHeader = 20
)

// request returns a good REQUEST.
func request(id uint32, module, function, kwargs string) frame {
	f := frame{typ: 1, id: id, payload: []byte(module + function + kwargs)}
	f.lengths = [3]uint32{size(module), size(function), size(kwargs)}
	return f.summed()
}

// bare returns a SHUTDOWN or CANCEL.
func bare(typ byte, id uint32) frame {
	return frame{typ: typ, id: id}.summed()
}

// response returns a good RESPONSE.
func response(id uint32, status uint16, body, message string) frame {
	f := frame{response: true, typ: 2, id: id, status: status, payload: []byte(body + message)}
	f.lengths = [3]uint32{size(body), size(message)}
	if status < 300 {
		f.success = 1
	}
	return f.summed()
}

func size(s string) uint32 { return uint32(len(s)) }

func (f frame) header() int {
	if f.response {
		return responseHeader
	}
	return requestHeader
}

// summed sets total_length to what it must be.
func (f frame) summed() frame {
	f.total = uint32(f.header()) + f.lengths[0] + f.lengths[1] + f.lengths[2]
	return f
}

func (f frame) withTotal(total uint32) frame { f.total = total; return f }
func (f frame) withType(typ byte) frame      { f.typ = typ; return f }
func (f frame) withID(id uint32) frame       { f.id = id; return f }
func (f frame) withStatus(s uint16) frame    { f.status = s; return f }
func (f frame) withSuccess(s byte) frame     { f.success = s; return f }

// withLength sets one length, leaving total_length and payload alone.
func (f frame) withLength(part int, n uint32) frame { f.lengths[part] = n; return f }

func (f frame) bytes() []byte {
	le := binary.LittleEndian
	b := []byte{f.typ}
	b = le.AppendUint32(b, f.id)
	b = le.AppendUint32(b, f.total)
	b = le.AppendUint32(b, f.lengths[0])
	if f.response {
		b = le.AppendUint16(b, f.status)
		b = le.AppendUint32(b, f.lengths[1])
		b = append(b, f.success)
	} else {
		b = le.AppendUint32(b, f.lengths[1])
		b = le.AppendUint32(b, f.lengths[2])
	}
	return append(b, f.payload...)
}

// message returns the fields of a good frame.
func (f frame) message() *Message {
	m := &Message{Type: uint32(f.typ), RequestID: f.id, TotalLength: f.total, Consumed: f.total, Response: f.response}
	rest := f.payload
	next := func(part int) []byte {
		p := rest[:f.lengths[part]]
		rest = rest[f.lengths[part]:]
		return p
	}
	if f.response {
		m.Body, m.ErrorMessage = next(0), next(1)
		m.StatusCode, m.Success = uint32(f.status), uint32(f.success)
		return m
	}
	m.ModuleName, m.FunctionName, m.Kwargs = next(0), next(1), next(2)
	return m
}

// fields returns what an encoder is given to make the frame.
func (f frame) fields() *Message {
	m := f.message()
	m.TotalLength, m.Consumed = 0, 0
	return m
}
